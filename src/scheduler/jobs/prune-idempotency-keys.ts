import { pruneIdempotencyKeys } from '../../services/ops/prune-idempotency-keys.js';
import type { Job } from '../job.js';
import type { JobContext } from './job-context.js';

/** Deletes idempotency keys that are older than a day. */
export function pruneIdempotencyKeysJob(context: JobContext, everyMs: number): Job {
  return {
    name: 'pruneIdempotencyKeys',
    everyMs,
    runOnce: async () => ({ handled: await pruneIdempotencyKeys(context) }),
  };
}
