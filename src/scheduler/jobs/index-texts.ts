import { indexNextTexts } from '../../services/tasks/prepare-search.js';
import type { Job } from '../job.js';
import type { JobContext } from './job-context.js';

/** Writes the texts of new and changed tasks for searches. */
export function indexTextsJob(context: JobContext, everyMs: number): Job {
  return {
    name: 'indexTexts',
    everyMs,
    async runOnce() {
      const { seen, hasMore } = await indexNextTexts(context);
      return { handled: seen, nextInMs: hasMore ? 0 : everyMs };
    },
  };
}
