import { sql, toStatement } from '../../postgres/sql-text.js';
import type { Transaction } from '../../postgres/transaction.js';
import type { TaskViewer } from '../tasks/task-lists.js';
import { seenByAgent } from '../tasks/visible-tasks.js';

/** The dependencies of a task with their results, by number, for the prompt. Titles are null unless the agent sees the task. */
export async function listInputs(
  tx: Transaction,
  taskId: string,
  { agentId, coordinatorAgent }: NonNullable<TaskViewer>,
): Promise<{ readonly ref: string; readonly title: string | null; readonly resolution: string | null }[]> {
  return tx.query(
    toStatement(sql`SELECT 'TASK-' || t.number AS ref, CASE WHEN ${seenByAgent(agentId, coordinatorAgent)} THEN t.title END AS title,
        CASE WHEN t.status = 'DONE' THEN t.resolution END AS resolution
      FROM task_dependencies d JOIN tasks t ON t.id = d.depends_on_id WHERE d.task_id = ${taskId} ORDER BY t.number`),
  );
}

/**
 * The last dispatched attempt at the task that failed with a text, for the prompt of the next one. Null if there is none
 * since the last attempt that succeeded. Uses task_runs_task_number_key.
 */
export async function findUnfinished(
  tx: Transaction,
  taskId: string,
): Promise<{ readonly output: string; readonly error: string | null } | null> {
  return tx.one({
    name: 'find_unfinished',
    text: `SELECT output, error FROM task_runs
      WHERE task_id = $1 AND trigger = 'DISPATCH' AND outcome IN ('FAILED', 'TIMED_OUT') AND output IS NOT NULL
        AND number > coalesce((SELECT max(number) FROM task_runs WHERE task_id = $1 AND outcome = 'SUCCEEDED'), 0)
      ORDER BY number DESC LIMIT 1`,
    values: [taskId],
  });
}

/** The feedback of all rejections that are not superseded, oldest first, including those before a retry. */
export async function listFeedback(tx: Transaction, taskId: string): Promise<string[]> {
  const rows = await tx.query<{ feedback: string }>({
    name: 'list_feedback',
    text: `SELECT feedback FROM quality_reviews
      WHERE task_id = $1 AND verdict = 'REJECTED' AND NOT superseded ORDER BY created_at, id`,
    values: [taskId],
  });
  return rows.map(({ feedback }) => feedback);
}
