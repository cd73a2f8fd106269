import { markAgentsOffline } from '../../services/agents/mark-agents-offline.js';
import type { Job } from '../job.js';
import type { JobContext } from './job-context.js';

/** Announces agents that went silent or idle without a call. Rests until the next timeout. */
export function markAgentsOfflineJob(context: JobContext, everyMs: number): Job {
  return { name: 'markAgentsOffline', everyMs, runOnce: () => markAgentsOffline(context) };
}
