/**
 * Which run of the work answers a call that comes while the work runs: `running` is the cheaper one, `next` is never
 * older than the call.
 */
export type Joins = 'running' | 'next';

/** Shares costly work among its callers: it runs at most once at a time, and all calls of that time get one result. */
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
    // Between the end of one run and the start of the next, `next` alone is set: a further start would be a second run.
    if (running === undefined) return next ?? start();
    if (joins === 'running') return running;
    // A failure of the running one does not concern the callers that wait for the next.
    next ??= running.then(noResult, noResult).then(start);
    return next;
  };
}

function noResult(): void {}
