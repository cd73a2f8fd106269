import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';

const logger = new Logger(() => () => undefined);

/** Opens graphile-worker on a database, with this many connections for adding jobs. */
export async function open(connectionString, connections) {
  const pool = new pg.Pool({ connectionString, max: connections });
  // It warns about a pool without them.
  pool.on('error', () => undefined);
  pool.on('connect', (connection) => connection.on('error', () => undefined));
  const utils = await makeWorkerUtils({ pgPool: pool, logger });
  await utils.migrate();
  const addMany = (count) =>
    utils.addJobs(Array.from({ length: count }, () => ({ identifier: 'nothing', payload: {} })));
  return {
    addOne: () => utils.addJob('nothing', {}),
    addMany,
    /** Works off this many waiting jobs, and returns the jobs a second from the first to the last. */
    async work(count, concurrency, isBest) {
      const { promise, taskList, countExtra } = countJobs(count);
      // Its best mode takes jobs and ends them in batches.
      const worker = isBest
        ? { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 }
        : {};
      const options = { pgPool: pool, logger, noHandleSignals: true, taskList };
      const runner = await run({
        ...options,
        preset: { worker: { concurrentJobs: concurrency, ...worker } },
      });
      const perSecond = await promise;
      await runner.stop();
      // Jobs that it had begun before it stopped. The next measurement counts on them.
      if (countExtra() > 0) await addMany(countExtra());
      return perSecond;
    },
    async close() {
      await utils.release();
      await pool.end();
    },
  };
}

function countJobs(count) {
  let done = 0;
  let begun = 0;
  let resolve;
  const promise = new Promise((end) => {
    resolve = end;
  });
  const nothing = async () => {
    if (done === 0) begun = performance.now();
    done += 1;
    if (done === count) resolve((count * 1_000) / (performance.now() - begun));
  };
  return { promise, taskList: { nothing }, countExtra: () => done - count };
}
