/**
 * Runs some work with a signal that is aborted with the first of the given ones. `AbortSignal.any` would do, but it keeps an
 * entry at each given signal for each use, so one that lives as long as the process grows with every request. Node 20 may also
 * collect what it returns as garbage while it is in use, and then it is never aborted.
 */
export async function withSignals<Result>(
  signals: readonly AbortSignal[],
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const abort = ({ target }: Pick<Event, 'target'>) =>
    controller.abort(target instanceof AbortSignal ? target.reason : undefined);
  for (const signal of signals) {
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) controller.abort(signal.reason);
  }
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of signals) signal.removeEventListener('abort', abort);
  }
}

/**
 * Runs some work with a signal that is aborted with the given one, or after a time with a TimeoutError.
 *
 * @param ms - how long, in milliseconds.
 */
export async function withSignal<Result>(
  signal: AbortSignal,
  ms: number,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const late = new AbortController();
  const expire = () => late.abort(new DOMException(`The time of ${ms} ms is over.`, 'TimeoutError'));
  const timer = setTimeout(expire, ms);
  try {
    return await withSignals([signal, late.signal], work);
  } finally {
    clearTimeout(timer);
  }
}
