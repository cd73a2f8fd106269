import { OPEN_OUTCOME } from '../../domain/runs/capacity.js';
import type { Transaction } from '../../postgres/transaction.js';

// SQL fragments. Their arguments are aliases and expressions of the enclosing statement, never values.

/** Whether the agent of the run `r` holds the run's task. */
export function holdsTask(r: string): string {
  return `${r}.outcome = '${OPEN_OUTCOME}'`;
}

/** Whether the review run `r` is running, so that it counts towards the capacity of its reviewer. */
export function isReviewUnderWay(r: string): string {
  return `${r}.outcome = '${OPEN_OUTCOME}'`;
}

/**
 * The number of tasks that the agent holds. It is counted with task_runs_open_by_agent, which has a single plan regardless
 * of the statistics. On tasks, a planner whose statistics miss the last thousand claims would read all of them.
 */
export function countHeldBy(agentId: string): string {
  return `(SELECT count(*) FROM task_runs r WHERE r.agent_id = ${agentId} AND ${holdsTask('r')})`;
}

/** Whether the agent `a` may get another task. */
export function hasRoomForTask(a: string): string {
  return `${countHeldBy(`${a}.id`)} < ${a}.max_capacity`;
}

/** The number of tasks that the agent holds. If the agent is locked, the new snapshot of this statement sees all its runs. */
export async function countHeldTasks(tx: Transaction, agentId: string): Promise<number> {
  const row = await tx.one<{ held: number }>({
    name: 'count_held_tasks',
    text: `SELECT ${countHeldBy('$1')}::int AS held`,
    values: [agentId],
  });
  return row?.held ?? 0;
}
