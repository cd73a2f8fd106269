import { createBatchQueue } from '../postgres/batch-queue.js';
import { columnsForAll } from '../store/lists/row-shape.js';
import { beat } from '../store/runs/heartbeats.js';
import { updateRuns } from '../store/runs/update-runs.js';
import { createTasks } from '../store/tasks/create-tasks.js';
import type { Batches, ServiceContext } from './service-context.js';

export type BatchesContext = Pick<ServiceContext, 'database' | 'instrument' | 'settings'>;

/** Creates the queues of this process. */
export function createBatches({ database: { claimConnection: connection } }: BatchesContext): Batches {
  const creations: Batches['creations'] = createBatchQueue({
    connection,
    serve: (executor, calls) =>
      createTasks(executor, calls, columnsForAll(calls.map(({ columns }) => columns))),
    // One statement can't reserve a key twice, and the second call gets the task of the first.
    subjectsOf: ({ tasks }) =>
      tasks.flatMap(({ keyId, idempotencyKey: key }) => (key === null ? [] : `${keyId} ${key}`)),
    refusal: 'creates no more tasks',
  });
  const heartbeats: Batches['heartbeats'] = createBatchQueue({
    connection,
    serve: (executor, requests) =>
      beat(executor, requests, {
        agent: columnsForAll(requests.map(({ columns }) => columns.agent)),
        runs: columnsForAll(requests.map(({ columns }) => columns.runs)),
      }),
    subjectsOf: ({ agentId }) => [agentId],
    refusal: 'renews no more leases',
  });
  const runUpdates: Batches['runUpdates'] = createBatchQueue({
    connection,
    serve: (executor, requests) =>
      updateRuns(
        executor,
        requests.map(({ update }) => update),
        columnsForAll(requests.map(({ columns }) => columns)),
      ),
    subjectsOf: ({ update }) => [update.runId],
    refusal: 'takes no more reports',
  });
  const queues = { creations, heartbeats, runUpdates };
  return {
    ...queues,
    async close() {
      await Promise.all(Object.values(queues).map((queue) => queue.close()));
    },
  };
}
