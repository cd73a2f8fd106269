/**
 * Which run answers a call that is made during a run. `running`: the current one. `next`: the one after it, whose result is
 * never older than the call.
 */
export type Joins = 'running' | 'next';

/**
 * Shares costly work between callers: at most one run at a time. The calls that join a run all get its result, or its
 * failure.
 */
export function singleFlight<Result>(
  work: () => Promise<Result>,
  joins: Joins = 'running',
): () => Promise<Result> {
  let running: Promise<Result> | undefined;
  let next: Promise<Result> | undefined;

  function start(): Promise<Result> {
    next = undefined;
    running = work().finally(() => {
      running = undefined;
    });
    return running;
  }

  return () => {
    // For a few microtasks after a run, `next` is set but has not started. A start now would make two runs at once.
    if (running === undefined) return next ?? start();
    if (joins === 'running') return running;
    // The callers of the next run do not care whether the running one fails.
    next ??= running.then(noResult, noResult).then(start);
    return next;
  };
}

function noResult(): void {}
