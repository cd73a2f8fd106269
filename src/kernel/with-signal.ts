/**
 * Runs some work with a signal that is aborted with the given one, or after a time with a TimeoutError. `AbortSignal.any` would
 * do, but it keeps an entry at the given signal for each use, so one that lives as long as the process grows with every request.
 * Node 20 may also collect what it returns as garbage while it is in use, and then it is never aborted.
 *
 * @param ms - how long, in milliseconds.
 */
export async function withSignal<Result>(
  signal: AbortSignal,
  ms: number,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const abort = () => controller.abort(signal.reason);
  const timer = setTimeout(
    () => controller.abort(new DOMException(`The time of ${ms} ms is over.`, 'TimeoutError')),
    ms,
  );
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
