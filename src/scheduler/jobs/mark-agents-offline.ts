import { markAgentsOffline } from '../../services/agents/mark-agents-offline.js';
import type { Job } from '../job.js';
import type { JobContext } from './job-context.js';

/**
 * Appends the status changes of agents that went offline or idle without a call. The next run is due at the next
 * timeout.
 */
export function markAgentsOfflineJob(context: JobContext, everyMs: number): Job {
  return { name: 'markAgentsOffline', everyMs, runOnce: () => markAgentsOffline(context) };
}
