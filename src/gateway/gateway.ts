import type { TokenUsage } from '../domain/runs/token-usage.js';

export type GatewayKind = 'openclaw' | 'openai' | 'command' | 'echo';

/** One prompt for one agent. */
export interface GatewayCall {
  /** A function of what is asked for and of the attempt at it, never of the time; in lower case. */
  readonly idempotencyKey: string;
  readonly agentName: string;
  /** What the gateway calls this agent; null means by the agent's name. */
  readonly gatewayAgentId: string | null;
  readonly prompt: string;
  /** The agent's standing instruction: the system prompt where the gateway takes one. */
  readonly soul: string | null;
  /** Null leaves the choice to the gateway. */
  readonly model: string | null;
  readonly timeoutMs: number;
}

/** What a call came to. Gateways never throw it: whatever happens at the far side is data. */
export type GatewayAnswer =
  /** The text may be empty; whether that counts is the caller's to say. */
  | {
      readonly outcome: 'ANSWERED';
      readonly text: string;
      readonly usage: TokenUsage | null;
      /** The model that answered, if the gateway tells. */
      readonly model: string | null;
    }
  /** It began and failed, or was refused. Permanent: waiting can't help (unknown agent, wrong token, bad parameters). */
  | { readonly outcome: 'FAILED'; readonly error: string; readonly permanent: boolean }
  /** Unreachable, starting or draining: nobody has worked on it, so it may be sent again as it is. */
  | { readonly outcome: 'NOT_BEGUN'; readonly error: string; readonly retryAfterMs: number | null }
  | { readonly outcome: 'TIMED_OUT'; readonly error: string }
  | { readonly outcome: 'ABORTED' };

/** What an answer is after a crash: perhaps nobody can tell. */
export type RecoveredAnswer = GatewayAnswer | { readonly outcome: 'UNKNOWN' };

/** What a gateway needs to find a call again in another process: flat, and small enough for a column. */
export type GatewayState = Readonly<Record<string, string | number | boolean | null>>;

export interface GatewayHooks {
  /** Ends the call, at the far side too. */
  readonly signal: AbortSignal;
  /**
   * The gateway took the call; `state` is what `recover` needs after a crash. Called at most once, and awaited before
   * the answer is given.
   */
  onAccepted(accepted: { readonly gatewayRunId: string | null; readonly state: GatewayState }): Promise<void>;
}

/** A way to agents. */
export interface Gateway {
  /** What agents ask for it by. */
  readonly name: string;
  readonly kind: GatewayKind;
  /** Sends one prompt and waits for what it comes to. Rejects only if `onAccepted` does. */
  send(call: GatewayCall, hooks: GatewayHooks): Promise<GatewayAnswer>;
  /**
   * After a crash: what became of a call that an earlier process sent or was about to send. `state` is what that
   * process was told at the acceptance; null if it heard of none. Waits up to the call's time limit for one that is
   * still on. `UNKNOWN`: this gateway can't tell, the lease decides.
   */
  recover(call: GatewayCall, state: GatewayState | null, hooks: GatewayHooks): Promise<RecoveredAnswer>;
  /** Whether it answers now. Never rejects; the error holds no secret. */
  probe(signal: AbortSignal): Promise<GatewayReach>;
  /** Ends what is under way, also at the far side, and waits for that. May be called twice. */
  close(): Promise<void>;
}

/** What a probe has found. */
export interface GatewayReach {
  readonly reachable: boolean;
  readonly error: string | null;
}
