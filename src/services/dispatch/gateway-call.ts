import type {
  Acceptance,
  Gateway,
  GatewayAnswer,
  GatewayCall,
  GatewayHooks,
  GatewayState,
  PartialWork,
  RecoveredAnswer,
} from '../../gateway/gateway.js';
import { describeDuration } from '../../kernel/durations.js';
import { createProgress } from './call-progress.js';

/** The gateway call of a run in the database. */
export interface PlannedCall {
  /** The run's id. */
  readonly runId: string;
  /** The task or the review that the call is for; the same for each of its runs. */
  readonly workId: string;
  /** The agent of the call, for fair shares of the slots. */
  readonly agentId: string;
  readonly gateway: Gateway;
  readonly call: GatewayCall;
  /** Set for a call of an earlier process: the state that the gateway returned when it accepted the call, if it did. */
  readonly recovers?: { readonly state: GatewayState | null };
  /** When this process sent the statement that gave it the lease of the run, on the clock of the process. */
  readonly leasedAtMs: number;
  /** Stores on the run what is needed to find the call after a crash. False if this process no longer owns the run. */
  onAccepted(accepted: Acceptance): Promise<boolean>;
  /** Writes what the call has produced so far. Never called again before it is done, nor after the call. */
  readonly onProgress?: ((text: string) => Promise<void>) | undefined;
  /**
   * Writes the result of the call if this process still owns the run; a late answer is stored on the run and changes
   * nothing else. It is retried if it fails, so it must be one transaction.
   */
  settle(ending: CallEnding): Promise<void>;
}

/** The gateway refuses every call. */
export type BrokenEnding = Extract<GatewayAnswer, { readonly outcome: 'BROKEN' }> & {
  /** How long this work rests, in milliseconds, so that the gateway is tried with other work first. */
  readonly restMs?: number;
};

/** The result of a call for the owner of its run. */
export type CallEnding =
  | Exclude<RecoveredAnswer, { readonly outcome: 'ABORTED' | 'BROKEN' }>
  | BrokenEnding
  /** Ended at the gateway, but not by this process. */
  | { readonly outcome: 'ABORTED' }
  /** This server ended the call. The task can be dispatched again, and this is not a failed attempt. */
  | { readonly outcome: 'RELEASED'; readonly reason: string }
  /** The run was ended elsewhere. What the call had produced is kept on it and changes nothing. */
  | ({ readonly outcome: 'LOST' } & PartialWork);

/**
 * Why this process ends a call: it no longer owns the run, it could not renew the lease in time and so may not own it, it
 * stops, or the call exceeds its time limit.
 */
export type AbortCause = 'LOST' | 'CUT_OFF' | 'STOPPING' | 'OVERDUE';

/** A call with the hook that its gateway gets. */
export type HeldPlan = Omit<PlannedCall, 'onAccepted'> & Pick<GatewayHooks, 'onAccepted'>;

/** How long a call may take, in milliseconds. */
export interface CallPatience {
  /** Extra time after the call's own time limit. The gateway enforces that limit and may not count time in its queue. */
  readonly overtimeMs: number;
  /** How long a gateway may take to end an aborted call. A later result counts as late. */
  readonly abandonAfterMs: number;
}

/** The end of a call. `ending` is null if there is nothing to settle; `later` is the result that may still arrive. */
export interface EndedCall {
  readonly ending: CallEnding | null;
  readonly later: Promise<RecoveredAnswer> | null;
}

/**
 * Sends the call, or asks for its result, and waits for the answer. The time limit and the patience bound the wait even if
 * the gateway never responds. Never rejects.
 */
export async function holdCall(
  planned: HeldPlan,
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

/** Ends a call. If it is called repeatedly, the first cause counts. */
export function abortWith(controller: AbortController, cause: AbortCause): void {
  controller.abort(cause);
}

/** Gateways return failures as data. A gateway that throws counts as failed. */
async function attempt(planned: HeldPlan, signal: AbortSignal): Promise<RecoveredAnswer> {
  const { gateway, call, recovers, onAccepted } = planned;
  if (signal.aborted) return { outcome: 'ABORTED' };
  const progress = createProgress(planned.onProgress);
  try {
    const hooks = { signal, onAccepted, onProgress: progress?.push };
    return recovers === undefined
      ? await gateway.send(call, hooks)
      : await gateway.recover(call, recovers.state, hooks);
  } catch (error) {
    return {
      outcome: 'FAILED',
      error: `The gateway ${gateway.name} broke: ${String(error)}`,
      permanent: false,
    };
  } finally {
    await progress?.end();
  }
}

/** Resolves with null `afterMs` after the abort. */
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

const STOPPING = 'The server that sent it is stopping.';
const CUT_OFF = 'The server that sent it could not renew its lease in time and ended the call.';

/** An answer always counts. Otherwise, if this process aborted the call, its cause decides. */
function toEnding(
  { call }: Pick<PlannedCall, 'call'>,
  answer: RecoveredAnswer,
  cause: AbortCause | undefined,
): CallEnding | null {
  if (cause === undefined || answer.outcome === 'ANSWERED') return answer;
  if (cause === 'LOST') return keepLost(answer);
  if (cause === 'STOPPING') return { outcome: 'RELEASED', reason: STOPPING };
  if (cause === 'CUT_OFF') return { outcome: 'RELEASED', reason: CUT_OFF };
  const limit = describeDuration(call.timeoutMs);
  const error = `No answer within the time limit of ${limit}.`;
  return { outcome: 'TIMED_OUT', error, ...('output' in answer && { output: answer.output }) };
}

function keepLost(answer: RecoveredAnswer): CallEnding | null {
  if (!('output' in answer) || !answer.output) return null;
  return { outcome: 'LOST', output: answer.output, usage: answer.usage };
}
