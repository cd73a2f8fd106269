import type { Batches, ServiceContext } from './service-context.js';

export type BatchesContext = Pick<ServiceContext, 'database' | 'instrument' | 'settings'>;

/** Creates the queues of this process. */
export function createBatches(_context: BatchesContext): Batches {
  return {
    close: () => Promise.resolve(),
  };
}
