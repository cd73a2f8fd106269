import { OPEN_OUTCOME } from '../../domain/runs/capacity.js';
import type { Transaction } from '../../postgres/transaction.js';

// Pieces of SQL. Their arguments are aliases and expressions of the statement around them, never values.

/** Whether the agent of the run `r` holds the run's task. */
export function holdsTask(r: string): string {
  return `${r}.outcome = '${OPEN_OUTCOME}'`;
}

/** Whether the review run `r` is under way: it takes a place of its reviewer's. */
export function isReviewUnderWay(r: string): string {
  return `${r}.outcome = '${OPEN_OUTCOME}'`;
}

/**
 * How many tasks the agent with this id holds. Counted over task_runs_open_by_agent, which has one plan however old the
 * statistics are; over tasks, a planner that has not seen the last thousand claims reads all of them.
 */
export function countHeldBy(agentId: string): string {
  return `(SELECT count(*) FROM task_runs r WHERE r.agent_id = ${agentId} AND ${holdsTask('r')})`;
}

/** Whether the agent `a` may get another task. */
export function hasRoomForTask(a: string): string {
  return `${countHeldBy(`${a}.id`)} < ${a}.max_capacity`;
}

/** How many tasks the agent holds. With the agent locked, this statement of its own sees every run that was committed before. */
export async function countHeldTasks(tx: Transaction, agentId: string): Promise<number> {
  const row = await tx.one<{ held: number }>({
    name: 'count_held_tasks',
    text: `SELECT ${countHeldBy('$1')}::int AS held`,
    values: [agentId],
  });
  return row?.held ?? 0;
}
