import { type Executor, query } from '../../postgres/statement.js';

/** What the runs of each agent cost that ended in the last `windowMs`. Agents without a known cost are left out. Uses task_runs_cost_idx. */
export function listAgentCosts(
  executor: Executor,
  ids: readonly string[],
  windowMs: number,
): Promise<{ readonly id: string; readonly costUsd: number }[]> {
  return query(executor, {
    name: 'list_agent_costs',
    text: `SELECT agent_id AS id, sum(cost_usd) AS cost_usd FROM task_runs
      WHERE agent_id = ANY($1) AND finished_at >= now() - $2 * interval '1 millisecond' AND cost_usd IS NOT NULL GROUP BY agent_id`,
    values: [ids, windowMs],
  });
}
