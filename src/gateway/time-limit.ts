/** An end that a call meets: the caller's, or that of its time. Dispose of it when the call is over. */
export interface TimeLimit extends Disposable {
  /** Aborted at whichever end comes first. */
  readonly signal: AbortSignal;
  /** Whether it was the time that has ended. */
  isOver(): boolean;
}

/** Counts from now. */
export function createTimeLimit(ms: number, caller: AbortSignal): TimeLimit {
  const controller = new AbortController();
  const abort = () => controller.abort();
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = !caller.aborted;
    abort();
  }, ms);
  if (caller.aborted) abort();
  else caller.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    isOver: () => isOver,
    [Symbol.dispose]() {
      clearTimeout(timer);
      caller.removeEventListener('abort', abort);
    },
  };
}
