import type { Edge } from '../../domain/tasks/dependency-graph.js';
import type { Transaction } from '../../postgres/transaction.js';

/** The advisory lock for adding an edge between existing tasks. */
const GRAPH_LOCK = 4_170_003;

/**
 * Serializes transactions that add edges between existing tasks: two edges that form a cycle only together must see each
 * other. It is taken before any row lock, so that it cannot be part of a deadlock. Edges of new tasks do not need it,
 * because nothing depends on a new task before its commit.
 */
export async function lockDependencyGraph(tx: Transaction): Promise<void> {
  await tx.query({
    name: 'lock_dependency_graph',
    text: 'SELECT pg_advisory_xact_lock($1)',
    values: [GRAPH_LOCK],
  });
}

/** A dependency to insert. */
export interface NewEdge {
  readonly taskId: string;
  readonly dependsOnId: string;
  readonly settled: boolean;
}

/** Inserts dependencies of any number of tasks; a settled one gets the time of the database clock. */
export async function insertDependencies(tx: Transaction, edges: readonly NewEdge[]): Promise<void> {
  await tx.query({
    name: 'insert_dependencies',
    text: `INSERT INTO task_dependencies (task_id, depends_on_id, settled_at)
      SELECT d.task_id, d.depends_on_id, CASE WHEN d.settled THEN now() END
      FROM unnest($1::text[], $2::text[], $3::boolean[]) AS d(task_id, depends_on_id, settled)`,
    values: [
      edges.map(({ taskId }) => taskId),
      edges.map(({ dependsOnId }) => dependsOnId),
      edges.map(({ settled }) => settled),
    ],
  });
}

/** The ids of the tasks that still wait for this one, in id order. Uses task_dependencies_depends_on_idx. */
export async function listWaitingDependents(tx: Transaction, dependsOnId: string): Promise<string[]> {
  const rows = await tx.query<{ taskId: string }>({
    name: 'list_waiting_dependents',
    text: 'SELECT task_id FROM task_dependencies WHERE depends_on_id = $1 AND settled_at IS NULL ORDER BY task_id',
    values: [dependsOnId],
  });
  return rows.map((row) => row.taskId);
}

/** Marks one dependency as settled. Returns false if it was already settled. */
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

/** Whether the task still waits for the other one; null if it does not depend on it. */
export async function findDependency(
  tx: Transaction,
  taskId: string,
  dependsOnId: string,
): Promise<{ readonly isOpen: boolean } | null> {
  return tx.one({
    name: 'find_dependency',
    text: 'SELECT settled_at IS NULL AS is_open FROM task_dependencies WHERE task_id = $1 AND depends_on_id = $2',
    values: [taskId, dependsOnId],
  });
}

/** Removes one dependency. Returns whether the task still waited for it; null if there was none. */
export async function deleteDependency(
  tx: Transaction,
  taskId: string,
  dependsOnId: string,
): Promise<{ readonly wasOpen: boolean } | null> {
  return tx.one({
    name: 'delete_dependency',
    text: `DELETE FROM task_dependencies WHERE task_id = $1 AND depends_on_id = $2
      RETURNING settled_at IS NULL AS was_open`,
    values: [taskId, dependsOnId],
  });
}

/** The number of dependencies of a task, including settled ones. Uses the primary key. */
export async function countDependencies(tx: Transaction, taskId: string): Promise<number> {
  const row = await tx.one<{ count: number }>({
    name: 'count_dependencies',
    text: 'SELECT count(*)::int AS count FROM task_dependencies WHERE task_id = $1',
    values: [taskId],
  });
  return row?.count ?? 0;
}

/**
 * If `fromId` depends on `toId`, directly or indirectly, returns all edges that are reachable from `fromId`; otherwise
 * none. Uses the primary key and visits each task once, regardless of the number of paths to it.
 */
export async function listEdgesIfReachable(
  tx: Transaction,
  fromId: string,
  toId: string,
): Promise<readonly Edge[]> {
  return tx.query<Edge>({
    name: 'list_edges_if_reachable',
    text: `WITH RECURSIVE reached(id) AS (
        SELECT $1::text UNION SELECT d.depends_on_id FROM reached r JOIN task_dependencies d ON d.task_id = r.id)
      SELECT d.task_id AS "from", d.depends_on_id AS "to" FROM reached r JOIN task_dependencies d ON d.task_id = r.id
      WHERE EXISTS (SELECT FROM reached WHERE id = $2)`,
    values: [fromId, toId],
  });
}
