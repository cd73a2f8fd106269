import type { Pool } from 'pg';
import type { TaskRunRow } from '../runs.js';
import { query } from '../statement.js';
import type { TaskRow } from '../tasks.js';
import type { ClaimRow } from './claim-tasks.js';

/** The rows behind the answers of a batch of claims, by id. A statement of its own: the claim's snapshot is older than its work. */
export async function readClaimedRows(
  pool: Pool,
  claims: readonly ClaimRow[],
): Promise<{ tasks: Map<string, TaskRow>; runs: Map<string, TaskRunRow> }> {
  const taskIds = claims.flatMap((claim) => claim.taskId ?? []);
  const runIds = claims.flatMap((claim) => claim.runId ?? []);
  if (taskIds.length === 0) return { tasks: new Map(), runs: new Map() };
  const [tasks, runs] = await Promise.all([
    query<TaskRow>(pool, {
      name: 'read_claimed_tasks',
      text: 'SELECT * FROM tasks WHERE id = ANY($1)',
      values: [taskIds],
    }),
    query<TaskRunRow>(pool, {
      name: 'read_claimed_runs',
      text: 'SELECT * FROM task_runs WHERE id = ANY($1)',
      values: [runIds],
    }),
  ]);
  return {
    tasks: new Map(tasks.map((row) => [row.id, row])),
    runs: new Map(runs.map((row) => [row.id, row])),
  };
}
