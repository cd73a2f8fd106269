import type { TokenUsage } from '../domain/runs/token-usage.js';

/** The kinds of gateways. */
export type GatewayKind = 'openclaw' | 'openai' | 'command' | 'echo';

/** One prompt for one agent. */
export interface GatewayCall {
  /** Derived from the work and the attempt, never from the time; in lower case. */
  readonly idempotencyKey: string;
  readonly agentName: string;
  /** The gateway's id of this agent; null for the agent's name. */
  readonly gatewayAgentId: string | null;
  readonly prompt: string;
  /** The agent's standing instruction: the system prompt if the gateway supports one. */
  readonly soul: string | null;
  /** Null leaves the choice to the gateway. */
  readonly model: string | null;
  readonly timeoutMs: number;
  /** The task or review of the call, for gateways that pass it on. Not set for a call that an earlier process made. */
  readonly work?: CallWork | null | undefined;
}

/** The run and the task of a call. */
export interface CallWork {
  readonly taskRef: string;
  readonly runId: string;
  /** The task as it is written to JSON. */
  readonly task: Readonly<Record<string, unknown>>;
  /** Creates an API key of the run's agent. It expires soon after the call's time limit if it is not revoked. */
  createKey(): Promise<CallKey>;
}

export interface CallKey {
  readonly secret: string;
  revoke(): Promise<void>;
}

/** What a call that did not succeed has produced all the same. It is kept on the run. */
export interface PartialWork {
  /** The beginning of the answer, or what the program printed. */
  readonly output?: string | undefined;
  readonly usage?: TokenUsage | null | undefined;
}

/** The outcome of a call. A gateway never throws for a failure on the remote side: the outcome is data. */
export type GatewayAnswer =
  /** The text may be empty. The caller decides whether that is a success. */
  | {
      readonly outcome: 'ANSWERED';
      readonly text: string;
      readonly usage: TokenUsage | null;
      /** The model that answered, if the gateway reports it. */
      readonly model: string | null;
      /** What went wrong although the answer is good, such as a tool that failed. */
      readonly warnings?: string | undefined;
      /** Whether the text is a question to people and not a result. */
      readonly asks?: boolean | undefined;
    }
  /** The call began and failed, or was refused. Permanent: a retry can't help (unknown agent, wrong token, bad parameters). */
  | ({ readonly outcome: 'FAILED'; readonly error: string; readonly permanent: boolean } & PartialWork)
  /**
   * The gateway refuses every call, independent of its content: its program is missing, its key is wrong, its API is not
   * there. No work was done. `remedy` tells an operator what to do, in a sentence.
   */
  | { readonly outcome: 'BROKEN'; readonly error: string; readonly remedy: string }
  /** The gateway is unreachable, starting or draining. No work was done, so the call may be sent again. */
  | { readonly outcome: 'NOT_BEGUN'; readonly error: string; readonly retryAfterMs: number | null }
  /**
   * A limit of the provider was reached (HTTP 429, Retry-After). No work was done. The call may be sent again after
   * `retryAfterMs`; null: the provider does not say when. Unlike NOT_BEGUN it concerns this agent's model or key alone.
   */
  | { readonly outcome: 'LIMITED'; readonly error: string; readonly retryAfterMs: number | null }
  | ({ readonly outcome: 'TIMED_OUT'; readonly error: string } & PartialWork)
  | ({ readonly outcome: 'ABORTED' } & PartialWork);

/** The outcome of a call after a crash. It may be unknown. */
export type RecoveredAnswer = GatewayAnswer | { readonly outcome: 'UNKNOWN' };

/** What a gateway needs to find a call from another process: a flat object, small enough for a column. */
export type GatewayState = Readonly<Record<string, string | number | boolean | null>>;

/** What a gateway says when it accepts a call. */
export interface Acceptance {
  readonly gatewayRunId: string | null;
  /** What `recover` needs after a crash. */
  readonly state: GatewayState;
  /**
   * Set if the call must not begin before the state is stored, because without it a successor could not tell that the call
   * has begun, and would make it a second time.
   */
  readonly mustBeStored?: boolean;
}

/** How the caller of a gateway controls and follows a call. */
export interface GatewayHooks {
  /** Aborting it ends the call, on the remote side too. */
  readonly signal: AbortSignal;
  /**
   * The gateway has accepted the call. Called at most once, and awaited before the answer is returned. With `mustBeStored` it
   * resolves after the commit, and rejects if this process lost the run first.
   */
  onAccepted(accepted: Acceptance): Promise<void>;
  /** Called each time the call has produced output, with the latest part of it. */
  readonly onProgress?: ((text: string) => void) | undefined;
}

/** A connection to a system that runs agents. */
export interface Gateway {
  /** The name by which agents select it. */
  readonly name: string;
  readonly kind: GatewayKind;
  /** Sends one prompt and waits for the outcome. Rejects only if `onAccepted` does. */
  send(call: GatewayCall, hooks: GatewayHooks): Promise<GatewayAnswer>;
  /**
   * Finds the outcome of a call that a crashed process sent or was about to send. `state` is what that process recorded at the
   * acceptance; null if it recorded none. Waits up to the call's time limit for a call that still runs. `UNKNOWN`: this gateway
   * can't find out, so the lease decides.
   */
  recover(call: GatewayCall, state: GatewayState | null, hooks: GatewayHooks): Promise<RecoveredAnswer>;
  /** Checks whether the gateway answers now. Never rejects. The error contains no secret. */
  probe(signal: AbortSignal): Promise<GatewayReach>;
  /** Aborts all calls, on the remote side too, and waits for them. May be called twice. */
  close(): Promise<void>;
}

/** The result of a probe. */
export interface GatewayReach {
  readonly reachable: boolean;
  readonly error: string | null;
  /** What an operator has to do. Set if the gateway refuses every call. */
  readonly remedy?: string;
}
