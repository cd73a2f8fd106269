import { type Executor, query } from '../../postgres/statement.js';

/** An open run of an agent. */
export interface HeldRun {
  readonly kind: 'task' | 'review';
  readonly runId: string;
  readonly taskId: string;
  /** CLAIM: the agent has claimed it. DISPATCH: the server has sent it. */
  readonly trigger: 'CLAIM' | 'DISPATCH';
}

/**
 * The open runs of the agent that began in this way. Uses task_runs_open_by_agent and
 * review_runs_open_by_agent.
 */
export async function listHeldRuns(
  executor: Executor,
  agentId: string,
  trigger: HeldRun['trigger'],
): Promise<HeldRun[]> {
  const ofKind = (kind: HeldRun['kind'], table: string) =>
    `SELECT '${kind}' AS kind, id AS run_id, task_id, trigger FROM ${table}
      WHERE agent_id = $1 AND outcome = 'RUNNING' AND trigger = $2::run_trigger`;
  return query(executor, {
    name: 'list_held_runs',
    text: `${ofKind('task', 'task_runs')} UNION ALL ${ofKind('review', 'review_runs')}`,
    values: [agentId, trigger],
  });
}
