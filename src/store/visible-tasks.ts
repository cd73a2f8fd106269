import type { Transaction } from './transaction.js';

/**
 * Whether an agent may see a task: its own, one that is open to claim, one that it made, worked on or reviews, or one
 * whose result it builds on. The same rule as `visibleTasks` of the read side; a test holds both against each other.
 */
export async function isTaskVisibleToAgent(
  tx: Transaction,
  taskId: string,
  agentId: string,
): Promise<boolean> {
  const row = await tx.one({
    name: 'is_task_visible_to_agent',
    text: `SELECT t.id FROM tasks t WHERE t.id = $1 AND (
        t.assignee_id = $2 OR t.status = 'INBOX' OR t.created_by_agent_id = $2
        OR EXISTS (SELECT FROM task_runs r WHERE r.task_id = t.id AND r.agent_id = $2)
        OR EXISTS (SELECT FROM review_runs r WHERE r.task_id = t.id AND r.agent_id = $2)
        OR EXISTS (SELECT FROM task_dependencies d JOIN tasks w ON w.id = d.task_id WHERE d.depends_on_id = t.id AND w.assignee_id = $2))`,
    values: [taskId, agentId],
  });
  return row !== null;
}
