/**
 * Has a costly read done for all who want it: whoever asks while one is under way waits for the next one, together with
 * all others who asked meanwhile. So no more than one runs at a time, and nobody gets an answer older than the question.
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
    // Whether the running one fails is no matter of those who wait for the next.
    next ??= running.then(noResult, noResult).then(() => {
      next = undefined;
      return start();
    });
    return next;
  };
}

function noResult(): void {}
