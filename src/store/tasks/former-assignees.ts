import type { Transaction } from '../../postgres/transaction.js';
import type { TaskRow } from './tasks.js';

/**
 * Remembers that the locked task leaves its assignee, if that agent has worked on it: the agent goes on seeing the task. A task that leaves
 * its agent while an attempt is open needs no such row, because the attempt ends without success, and lists find these by the agent.
 */
export async function rememberFormerAssignee(
  tx: Transaction,
  { id, assigneeId, currentRunId }: Pick<TaskRow, 'id' | 'assigneeId' | 'currentRunId'>,
): Promise<void> {
  if (assigneeId === null || currentRunId !== null) return;
  await tx.query({
    name: 'remember_former_assignee',
    text: `INSERT INTO former_assignees (agent_id, task_id) SELECT $1, $2
      WHERE EXISTS (SELECT FROM task_runs WHERE task_id = $2 AND agent_id = $1) ON CONFLICT DO NOTHING`,
    values: [assigneeId, id],
  });
}
