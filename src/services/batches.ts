import { createBatchQueue } from '../postgres/batch-queue.js';
import { columnsForAll } from '../store/lists/row-shape.js';
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
  return {
    creations,
    async close() {
      await creations.close();
    },
  };
}
