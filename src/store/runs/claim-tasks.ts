import { sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import { type Columns, rowOf, shapeOf } from '../lists/row-shape.js';
import type { TaskRow } from '../tasks/tasks.js';
import type { TaskRunRow } from './runs.js';

/** One agent's wish for a task, with the id its run shall have. */
export interface ClaimRequest {
  readonly agentId: string;
  /** Tasks IN_PROGRESS at most; null for the agent's own setting. */
  readonly maxCapacity: number | null;
  readonly leaseMs: number;
  readonly runId: string;
  /** Whether a run that the agent holds already shall be the answer. */
  readonly resume: boolean;
  readonly idempotencyKey: string | null;
  /** Hash of the input behind the key. */
  readonly fingerprint: string | null;
}

/** Which columns of a task and its run are wanted; their ids always come. */
export interface ClaimColumns {
  readonly task: Columns<TaskRow>;
  readonly run: Columns<TaskRunRow>;
}

/** What one request came to. Task and run stand beside ASSIGNED and CONTINUE_CURRENT and nowhere else. */
export interface ClaimRow {
  /** 1-based place of the request. */
  readonly request: number;
  readonly reason:
    | 'ASSIGNED'
    | 'CONTINUE_CURRENT'
    | 'AT_CAPACITY'
    | 'NO_TASKS_AVAILABLE'
    | 'AGENT_PAUSED'
    | 'AGENT_LOCKED'
    | 'IDEMPOTENCY_KEY_REUSED';
  readonly task: TaskRow | null;
  readonly run: TaskRunRow | null;
}

/**
 * Claims for many requests in one round trip, each in its turn; the answers come in no order. The function in the database
 * says which locks it takes (agent rows, then queue heads with SKIP LOCKED) and which indexes it reads
 * (tasks_assigned_queue, tasks_inbox_queue, task_runs_open_by_agent). It is a transaction of its own: a process that
 * dies here holds no lock, nor does one that freezes, if the answer fits the buffers of its socket.
 */
export async function claimTasks(
  executor: Executor,
  requests: readonly ClaimRequest[],
  columns: ClaimColumns,
): Promise<ClaimRow[]> {
  const task = shapeOf<TaskRow>('Task', columns.task);
  const run = shapeOf<TaskRunRow>('TaskRun', columns.run);
  const rows = await query<Record<keyof ClaimRow, unknown> & Pick<ClaimRow, 'request' | 'reason'>>(
    executor,
    toStatement(sql`SELECT c.request, c.reason,
        CASE WHEN c.task_id IS NOT NULL THEN ${rowOf(task, sql`SELECT (c.claimed_task).*`)} END AS task,
        CASE WHEN c.run_id IS NOT NULL THEN ${rowOf(run, sql`SELECT (c.claimed_run).*`)} END AS run
      FROM claim_tasks(${requests.map((each) => each.agentId)}::text[], ${requests.map((each) => each.maxCapacity)}::int[],
        ${requests.map((each) => each.leaseMs)}::int[], ${requests.map((each) => each.runId)}::text[],
        ${requests.map((each) => each.resume)}::boolean[], ${requests.map((each) => each.idempotencyKey)}::text[],
        ${requests.map((each) => each.fingerprint)}::text[]) c`),
  );
  return rows.map((row) => ({
    request: row.request,
    reason: row.reason,
    task: row.task === null ? null : task.parse(row.task),
    run: row.run === null ? null : run.parse(row.run),
  }));
}
