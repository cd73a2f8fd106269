import { type Executor, query } from '../../postgres/statement.js';
import type { Transaction } from '../../postgres/transaction.js';
import type { TaskRow } from '../tasks/tasks.js';

/** A task without a pin that waits for an agent that asks for work and is silent. */
export interface AbandonedTask {
  readonly id: string;
  readonly agentName: string;
}

// An agent that is sent work need not call by itself, so its silence says nothing.
const IS_ABANDONED = `t.status = 'ASSIGNED' AND NOT t.pinned AND a.delivery = 'PULL'
  AND coalesce(a.last_seen_at < now() - $1::bigint * interval '1 millisecond', true)`;

/** The first hundred such tasks. Uses tasks_assigned_unpinned, which contains the few that were rejected. */
export async function listAbandonedTasks(
  executor: Executor,
  agentTimeoutMs: number,
): Promise<AbandonedTask[]> {
  return query<AbandonedTask>(executor, {
    name: 'list_abandoned_tasks',
    text: `SELECT t.id, a.name AS agent_name FROM tasks t JOIN agents a ON a.id = t.assignee_id
      WHERE ${IS_ABANDONED} LIMIT 100`,
    values: [agentTimeoutMs],
  });
}

/** Locks such a task. Null if it is no longer abandoned, or if another transaction has locked it: then the next job run looks at it. */
export async function takeAbandonedTask(
  tx: Transaction,
  agentTimeoutMs: number,
  id: string,
): Promise<TaskRow | null> {
  return tx.one<TaskRow>({
    name: 'take_abandoned_task',
    text: `SELECT t.* FROM tasks t JOIN agents a ON a.id = t.assignee_id
      WHERE ${IS_ABANDONED} AND t.id = $2 FOR NO KEY UPDATE OF t SKIP LOCKED`,
    values: [agentTimeoutMs, id],
  });
}
