/**
 * Shares a costly read between callers. A call during a read waits for the next read, together with all other calls made
 * meanwhile. So at most one read runs at a time, and no caller gets an answer that is older than its call.
 */
export function shareReads<Result>(read: () => Promise<Result>): () => Promise<Result> {
  let running: Promise<Result> | undefined;
  let next: Promise<Result> | undefined;

  function start(): Promise<Result> {
    const reading = read().finally(() => {
      if (running === reading) running = undefined;
    });
    running = reading;
    return reading;
  }

  return () => {
    if (running === undefined) return start();
    // The callers of the next read do not care whether the running one fails.
    next ??= running.then(noResult, noResult).then(() => {
      next = undefined;
      return start();
    });
    return next;
  };
}

function noResult(): void {}
