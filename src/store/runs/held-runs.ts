import { type Executor, query } from '../../postgres/statement.js';

/** An open run that an agent has claimed. */
export interface HeldRun {
  readonly kind: 'task' | 'review';
  readonly runId: string;
  readonly taskId: string;
}

/** What the agent has claimed and not ended. Uses task_runs_open_by_agent and review_runs_open_by_agent. */
export async function listHeldRuns(executor: Executor, agentId: string): Promise<HeldRun[]> {
  const ofKind = (kind: HeldRun['kind'], table: string) =>
    `SELECT '${kind}' AS kind, id AS run_id, task_id FROM ${table}
      WHERE agent_id = $1 AND outcome = 'RUNNING' AND trigger = 'CLAIM'`;
  return query(executor, {
    name: 'list_held_runs',
    text: `${ofKind('task', 'task_runs')} UNION ALL ${ofKind('review', 'review_runs')}`,
    values: [agentId],
  });
}
