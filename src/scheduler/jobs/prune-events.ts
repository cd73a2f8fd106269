import { pruneEvents } from '../../services/events/prune-events.js';
import type { Job } from '../job.js';
import type { JobContext } from './job-context.js';

/** Deletes events that are older than the retention. */
export function pruneEventsJob(context: JobContext, everyMs: number): Job {
  return { name: 'pruneEvents', everyMs, runOnce: async () => ({ handled: await pruneEvents(context) }) };
}
