import { sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import type { Transaction } from '../../postgres/transaction.js';
import { lockAgent } from '../agents/agents.js';
import { type Columns, rowOf, shapeOf } from '../lists/row-shape.js';
import type { TaskRunRow } from './runs.js';

/** A call of the holder of a live run: it renews the lease, or reports progress. */
export interface RunUpdate {
  readonly runId: string;
  readonly keyId: string;
  /** The agent of that key, which must be that of the run. */
  readonly agentId: string | null;
  /** With a message the lease is not renewed. */
  readonly message: string | null;
  readonly percent: number | null;
  /** The new length of the lease; null keeps it. */
  readonly leaseMs: number | null;
  readonly agentTimeoutMs: number;
}

/** A call with the columns to read of its run. */
export interface UpdateRequest {
  readonly update: RunUpdate;
  readonly columns: Columns<TaskRunRow>;
}

export interface UpdatedRun {
  readonly run: TaskRunRow;
  /** Whether the call has appended `agent.status_changed`. */
  readonly hasNewStatus: boolean;
}

/**
 * Serves the calls for several runs in one round trip, in their order; at most one for each run. Null for a run that is not
 * live, that is not the caller's, or that another transaction has locked. The statement is its own transaction unless it runs in
 * one.
 */
export async function updateRuns(
  executor: Executor,
  updates: readonly RunUpdate[],
  columns: Columns<TaskRunRow>,
): Promise<(UpdatedRun | null)[]> {
  const shape = shapeOf<TaskRunRow>('TaskRun', columns);
  const rows = await query<{ place: number; run: unknown; hasNewStatus: boolean }>(
    executor,
    toStatement(
      sql`SELECT u.place, ${rowOf(shape, sql`SELECT (u.run).*`)} AS run, u.has_new_status
      FROM update_runs(${updates.map(({ runId }) => runId)}::text[], ${updates.map(({ keyId }) => keyId)}::text[],
        ${updates.map(({ agentId }) => agentId)}::text[], ${updates.map(({ message }) => message)}::text[],
        ${updates.map(({ percent }) => percent)}::float8[], ${updates.map(({ leaseMs }) => leaseMs)}::int[],
        ${updates.map(({ agentTimeoutMs }) => agentTimeoutMs)}::bigint[]) u`,
      'claim',
    ),
  );
  const updated = new Map(
    rows.map(({ place, run, hasNewStatus }) => [place, { run: shape.parse(run), hasNewStatus }]),
  );
  return updates.map((_, index) => updated.get(index + 1) ?? null);
}

/** Waits for the locks that the update of a run needs, and takes them. The caller has locked its task. */
export async function lockForUpdate(
  tx: Transaction,
  { id, agentId }: Pick<TaskRunRow, 'id' | 'agentId'>,
): Promise<void> {
  await tx.query({
    name: 'lock_run',
    text: 'SELECT id FROM task_runs WHERE id = $1 FOR NO KEY UPDATE',
    values: [id],
  });
  await lockAgent(tx, { id: agentId });
}
