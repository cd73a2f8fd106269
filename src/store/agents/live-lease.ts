import { holdsTask, isReviewUnderWay } from '../runs/capacity.js';

/**
 * SQL condition: whether the agent has a live lease on a task or on a running review. Uses task_runs_open_by_agent and
 * review_runs_open_by_agent.
 */
export function hasLiveLease(agentId: string, now: 'now()' | 'clock_timestamp()'): string {
  const isLive = `r.agent_id = ${agentId} AND r.lease_expires_at > ${now}`;
  return `(EXISTS (SELECT FROM task_runs r WHERE ${isLive} AND ${holdsTask('r')})
    OR EXISTS (SELECT FROM review_runs r WHERE ${isLive} AND ${isReviewUnderWay('r')}))`;
}
