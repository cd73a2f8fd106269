import { type Executor, query } from '../../postgres/statement.js';
import { hasRoomForTask } from './capacity.js';
import { isInQueue, queueColumns, queueOrder } from './queue-order.js';

/**
 * The id of the task that claim_tasks would assign to this agent now; null if there is none, or if the agent is paused or
 * at capacity. Takes no lock and changes nothing, so a claim of another agent may change the result.
 *
 * Reads the heads of tasks_assigned_queue and tasks_inbox_queue. Uses tasks_not_before_idx for the few tasks whose
 * `not_before` has passed and that no claim has moved into the queues yet.
 */
export async function peekNextTask(executor: Executor, agentId: string): Promise<string | null> {
  const [row] = await query<{ id: string }>(executor, {
    name: 'peek_next_task',
    text: `WITH agent AS (SELECT a.id FROM agents a WHERE a.id = $1 AND a.paused_at IS NULL AND ${hasRoomForTask('a')})
      SELECT head.id FROM (
        ${headWhere(`t.status = 'ASSIGNED' AND t.assignee_id = $1 AND ${isInQueue('t')}`)}
        UNION ALL
        ${headWhere(`t.status = 'INBOX' AND ${isInQueue('t')}`)}
        UNION ALL
        ${headWhere(`t.not_before <= now() AND t.status IN ('INBOX', 'ASSIGNED')
          AND (t.status = 'INBOX' OR t.assignee_id = $1) AND t.open_dependencies = 0`)}
      ) head
      WHERE EXISTS (SELECT FROM agent) ORDER BY ${queueOrder('head')} LIMIT 1`,
    values: [agentId],
  });
  return row?.id ?? null;
}

/** The first of these tasks. */
function headWhere(condition: string): string {
  return `(SELECT t.id, ${queueColumns('t')} FROM tasks t WHERE ${condition} ORDER BY ${queueOrder('t')} LIMIT 1)`;
}
