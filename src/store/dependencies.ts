import type { Transaction } from './transaction.js';

export async function insertDependencies(
  tx: Transaction,
  taskId: string,
  dependencies: readonly { readonly id: string; readonly settled: boolean }[],
): Promise<void> {
  await tx.query({
    name: 'insert_dependencies',
    text: `INSERT INTO task_dependencies (task_id, depends_on_id, settled_at)
      SELECT $1, d.id, CASE WHEN d.settled THEN now() END FROM unnest($2::text[], $3::boolean[]) AS d(id, settled)`,
    values: [taskId, dependencies.map((each) => each.id), dependencies.map((each) => each.settled)],
  });
}

/** The tasks that still wait for this one, in id order. Uses task_dependencies_depends_on_idx. */
export async function listWaitingDependents(tx: Transaction, dependsOnId: string): Promise<string[]> {
  const rows = await tx.query<{ taskId: string }>({
    name: 'list_waiting_dependents',
    text: 'SELECT task_id FROM task_dependencies WHERE depends_on_id = $1 AND settled_at IS NULL ORDER BY task_id',
    values: [dependsOnId],
  });
  return rows.map((row) => row.taskId);
}

/** Marks one dependency as settled, once. */
export async function settleDependency(
  tx: Transaction,
  taskId: string,
  dependsOnId: string,
): Promise<boolean> {
  const row = await tx.one({
    name: 'settle_dependency',
    text: `UPDATE task_dependencies SET settled_at = now() WHERE task_id = $1 AND depends_on_id = $2 AND settled_at IS NULL
      RETURNING task_id`,
    values: [taskId, dependsOnId],
  });
  return row !== null;
}
