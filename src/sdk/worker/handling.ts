import { MissionControlError } from '../errors/base.js';
import { pause } from '../platform.js';

/**
 * The handler of a run goes on although its signal was aborted a while ago. JavaScript cannot end it. Its result will not be
 * handed in, and until it ends it takes one of the worker's places. It is reported to `onError`.
 */
export class HandlerStillRunningError extends MissionControlError {
  /** The run. */
  readonly runId: string;

  constructor(runId: string, graceMs: number) {
    super(
      'HANDLER_STILL_RUNNING',
      `The handler of ${runId} goes on although its signal was aborted ${graceMs} ms ago. Its result will not be handed in. Pass run.signal to everything that it waits for.`,
    );
    this.runId = runId;
  }
}

/** What is needed to give a handler up. */
export interface Grace {
  readonly runId: string;
  /** The signal of the run. */
  readonly signal: AbortSignal;
  /** Aborted when the worker stops. */
  readonly stopping: AbortSignal;
  readonly graceMs: number;
  readonly onError: (error: unknown) => void;
}

/**
 * What a handler returns. One that goes on for too long after its signal was aborted is reported, and given up as soon as the
 * worker stops.
 *
 * @throws what the handler throws, and the signal's reason when the handler was given up.
 */
export async function withGrace<Result>(handling: Promise<Result>, grace: Grace): Promise<Result> {
  const ended = new AbortController();
  const givenUp = giveUp(grace, ended.signal);
  // A handler that was given up may still fail, and one that has ended is not given up.
  for (const promise of [handling, givenUp]) promise.catch(() => undefined);
  try {
    return await Promise.race([handling, givenUp]);
  } finally {
    ended.abort();
  }
}

/** Rejects when the handler is given up, and when it has ended. */
async function giveUp(
  { runId, signal, stopping, graceMs, onError }: Grace,
  ended: AbortSignal,
): Promise<never> {
  await untilAborted(signal, ended);
  await pause(graceMs, ended);
  onError(new HandlerStillRunningError(runId, graceMs));
  await untilAborted(stopping, ended);
  throw signal.reason;
}

/** Resolves when the first signal is aborted, and rejects when the second one is. */
function untilAborted(signal: AbortSignal, ended: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = () => {
      for (const each of [signal, ended]) each.removeEventListener('abort', finish);
      if (ended.aborted) reject(ended.reason);
      else resolve();
    };
    for (const each of [signal, ended]) each.addEventListener('abort', finish);
    if (signal.aborted || ended.aborted) finish();
  });
}
