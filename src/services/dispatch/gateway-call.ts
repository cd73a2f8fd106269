import type {
  Gateway,
  GatewayCall,
  GatewayHooks,
  GatewayState,
  RecoveredAnswer,
} from '../../gateway/gateway.js';
import { formatIsoDuration } from '../../kernel/durations.js';

/** What a gateway says when it has taken a call. */
export type Accepted = Parameters<GatewayHooks['onAccepted']>[0];

/** A call that a run in the database stands for. */
export interface PlannedCall {
  /** The run's id. */
  readonly runId: string;
  /** Whose call it is, for shares of the slots. */
  readonly agentId: string;
  readonly gateway: Gateway;
  readonly call: GatewayCall;
  /** For a call that an earlier process sent or was about to send: what that process was told when it was accepted. */
  readonly recovers?: { readonly state: GatewayState | null };
  /** Keeps on the run what is needed to find the call again after a crash. */
  onAccepted(accepted: Accepted): Promise<void>;
  /**
   * Writes what the call came to, if the run is still this process's; an answer that comes too late is kept on the run
   * and changes nothing else. It is repeated while it fails, so it is one transaction.
   */
  settle(ending: CallEnding): Promise<void>;
}

/** What a call came to, as the run's owner sees it. */
export type CallEnding =
  | Exclude<RecoveredAnswer, { readonly outcome: 'ABORTED' }>
  /** Ended at the far side, and not because of us. */
  | { readonly outcome: 'ABORTED' }
  /** This server stops: whoever dispatches next may begin anew, and nothing counts. */
  | { readonly outcome: 'HANDED_BACK' };

/** Why we end a call: the run is no longer ours, this process stops, or it takes longer than any answer may. */
export type AbortCause = 'LOST' | 'STOPPING' | 'OVERDUE';

/** How long a call may take, in milliseconds. */
export interface CallPatience {
  /** Beyond the call's own time limit, which is the gateway's to keep: it may not count time spent in a queue. */
  readonly overtimeMs: number;
  /** How long a gateway may take to end a call that was aborted; what it says after that is too late. */
  readonly abandonAfterMs: number;
}

/** How a call ended for us: null if there is nothing to settle; and, if we stopped listening, what still comes. */
export interface EndedCall {
  readonly ending: CallEnding | null;
  readonly later: Promise<RecoveredAnswer> | null;
}

/**
 * Sends the call, or asks what became of it, and waits for what it comes to; never longer than its time limit and the
 * patience allow, whatever the gateway does. Never rejects.
 */
export async function holdCall(
  planned: PlannedCall,
  controller: AbortController,
  patience: CallPatience,
): Promise<EndedCall> {
  const overdue = setTimeout(abortWith, planned.call.timeoutMs + patience.overtimeMs, controller, 'OVERDUE');
  const abandoned = abandonment(controller.signal, patience.abandonAfterMs);
  const coming = attempt(planned, controller.signal);
  const answer = await Promise.race([coming, abandoned.promise]);
  clearTimeout(overdue);
  abandoned.forget();
  const cause: AbortCause | undefined = controller.signal.aborted ? controller.signal.reason : undefined;
  return {
    ending: toEnding(planned, answer ?? { outcome: 'ABORTED' }, cause),
    later: answer === null ? coming : null,
  };
}

/** Ends a call, once: the first cause counts. */
export function abortWith(controller: AbortController, cause: AbortCause): void {
  controller.abort(cause);
}

/** Gateways answer with data; one that throws all the same has failed. */
async function attempt(planned: PlannedCall, signal: AbortSignal): Promise<RecoveredAnswer> {
  const { gateway, call, recovers, onAccepted } = planned;
  if (signal.aborted) return { outcome: 'ABORTED' };
  try {
    const hooks = { signal, onAccepted };
    return recovers === undefined
      ? await gateway.send(call, hooks)
      : await gateway.recover(call, recovers.state, hooks);
  } catch (error) {
    return {
      outcome: 'FAILED',
      error: `The gateway ${gateway.name} broke: ${String(error)}`,
      permanent: false,
    };
  }
}

/** Resolves with null some time after the abort. */
function abandonment(signal: AbortSignal, afterMs: number) {
  let timer: NodeJS.Timeout | undefined;
  let startTimer = (): void => undefined;
  const promise = new Promise<null>((resolve) => {
    startTimer = () => {
      timer = setTimeout(resolve, afterMs, null);
    };
  });
  if (signal.aborted) startTimer();
  else signal.addEventListener('abort', startTimer, { once: true });
  return {
    promise,
    forget(): void {
      signal.removeEventListener('abort', startTimer);
      clearTimeout(timer);
    },
  };
}

/** An answer counts whenever it comes; of everything else we know better why it ended if we ended it. */
function toEnding(
  { call }: PlannedCall,
  answer: RecoveredAnswer,
  cause: AbortCause | undefined,
): CallEnding | null {
  if (cause === undefined || answer.outcome === 'ANSWERED') return answer;
  if (cause === 'LOST') return null;
  if (cause === 'STOPPING') return { outcome: 'HANDED_BACK' };
  const limit = formatIsoDuration(call.timeoutMs);
  return { outcome: 'TIMED_OUT', error: `No answer within the time limit of ${limit}.` };
}
