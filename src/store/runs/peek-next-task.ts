import { type Executor, query } from '../../postgres/statement.js';

const IN_QUEUE_ORDER =
  "ORDER BY priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number LIMIT 1";
const COLUMNS = 'id, priority, due_at, created_at, number';

/**
 * The id of the task that claim_tasks would hand to this agent now; null if it would hand out none, because there is
 * none, the agent is paused or has its hands full. Takes no lock and changes nothing, so the next claim of another
 * agent may make it untrue.
 *
 * Reads the heads of tasks_assigned_queue and tasks_inbox_queue, and through tasks_not_before_idx the few tasks that
 * time has released and no claim has yet let into the queues.
 */
export async function peekNextTask(executor: Executor, agentId: string): Promise<string | null> {
  const [row] = await query<{ id: string }>(executor, {
    name: 'peek_next_task',
    text: `WITH agent AS (SELECT id FROM agents a WHERE id = $1 AND paused_at IS NULL
        AND (SELECT count(*) FROM tasks t WHERE t.assignee_id = a.id AND t.status = 'IN_PROGRESS') < a.max_capacity)
      SELECT id FROM (
        (SELECT ${COLUMNS} FROM tasks WHERE status = 'ASSIGNED' AND assignee_id = $1 AND open_dependencies = 0
          AND not_before IS NULL ${IN_QUEUE_ORDER})
        UNION ALL
        (SELECT ${COLUMNS} FROM tasks WHERE status = 'INBOX' AND open_dependencies = 0 AND not_before IS NULL ${IN_QUEUE_ORDER})
        UNION ALL
        (SELECT ${COLUMNS} FROM tasks WHERE not_before <= now() AND status IN ('INBOX', 'ASSIGNED')
          AND (status = 'INBOX' OR assignee_id = $1) AND open_dependencies = 0 ${IN_QUEUE_ORDER})
      ) heads
      WHERE EXISTS (SELECT FROM agent) ${IN_QUEUE_ORDER}`,
    values: [agentId],
  });
  return row?.id ?? null;
}
