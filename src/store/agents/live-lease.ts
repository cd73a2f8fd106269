import { holdsTask, isReviewUnderWay } from '../runs/capacity.js';

/**
 * SQL: whether the agent with this id has a lease that has not ended, of a task that it holds or of a review that it has
 * under way: task_runs_open_by_agent, review_runs_open_by_agent.
 */
export function hasLiveLease(agentId: string, now: 'now()' | 'clock_timestamp()'): string {
  const isLive = `r.agent_id = ${agentId} AND r.lease_expires_at > ${now}`;
  return `(EXISTS (SELECT FROM task_runs r WHERE ${isLive} AND ${holdsTask('r')})
    OR EXISTS (SELECT FROM review_runs r WHERE ${isLive} AND ${isReviewUnderWay('r')}))`;
}
