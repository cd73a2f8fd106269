import type { Transaction } from '../../postgres/transaction.js';
import type { TaskRow } from './tasks.js';

/** Stores the follow-up tasks of a completed run, in their order. */
export async function insertFollowUps(
  tx: Transaction,
  runId: string,
  taskIds: readonly string[],
): Promise<void> {
  await tx.query({
    name: 'insert_follow_ups',
    text: `INSERT INTO follow_ups (run_id, position, task_id)
      SELECT $1, u.position, u.id FROM unnest($2::text[]) WITH ORDINALITY AS u(id, position)`,
    values: [runId, taskIds],
  });
}

/** The follow-up tasks of a completed run, in their order. Uses the primary key. */
export async function listFollowUps(tx: Transaction, runId: string): Promise<TaskRow[]> {
  return tx.query<TaskRow>({
    name: 'list_follow_ups',
    text: 'SELECT t.* FROM follow_ups f JOIN tasks t ON t.id = f.task_id WHERE f.run_id = $1 ORDER BY f.position',
    values: [runId],
  });
}
