import { sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import { type PresenceRules, presence } from '../agents/presence.js';
import { type Columns, rowOf, shapeOf } from '../lists/row-shape.js';
import type { TaskRow } from '../tasks/tasks.js';
import type { TaskRunRow } from './runs.js';

/** A request of one agent for a task, with the id for its run. */
export interface ClaimRequest {
  readonly agentId: string;
  /** The maximum number of tasks IN_PROGRESS, if it is lower than the setting of the agent. */
  readonly maxCapacity: number | null;
  readonly leaseMs: number;
  readonly runId: string;
  /** Whether to return a run that the agent already holds. */
  readonly resume: boolean;
  readonly idempotencyKey: string | null;
  /** Null, or what the claim is narrowed to: tasks with all these tags, which require only these capabilities. */
  readonly narrowing: ClaimNarrowing | null;
  /** The hash of the input, to detect a reused key. */
  readonly fingerprint: string | null;
}

export interface ClaimNarrowing {
  readonly tags?: readonly string[] | undefined;
  readonly capabilities?: readonly string[] | undefined;
}

/** The columns to read of task and run; the ids are always included. */
export interface ClaimColumns {
  readonly task: Columns<TaskRow>;
  readonly run: Columns<TaskRunRow>;
}

/** The outcome of one request. Task and run are non-null exactly for ASSIGNED and CONTINUE_CURRENT. */
export interface ClaimRow {
  /** The position of the request, starting at 1. */
  readonly request: number;
  readonly reason:
    | 'ASSIGNED'
    | 'CONTINUE_CURRENT'
    | 'AT_CAPACITY'
    | 'NO_TASKS_AVAILABLE'
    /** No task for this agent, but tasks wait in the inbox that only other agents may have. */
    | 'NOTHING_FOR_AGENT'
    | 'AGENT_PAUSED'
    | 'AGENT_LOCKED'
    | 'IDEMPOTENCY_KEY_REUSED';
  readonly task: TaskRow | null;
  readonly run: TaskRunRow | null;
}

/**
 * Serves many requests one after the other in one round trip; the answers are unordered. The database function locks agent
 * rows, then queue heads with SKIP LOCKED, and reads tasks_assigned_queue, tasks_inbox_queue and task_runs_open_by_agent.
 * The statement is its own transaction, so a process that dies here holds no lock. Neither does one that freezes, if the
 * answer fits the buffers of its socket.
 */
export async function claimTasks(
  executor: Executor,
  requests: readonly ClaimRequest[],
  columns: ClaimColumns,
  rules: PresenceRules,
): Promise<ClaimRow[]> {
  const task = shapeOf<TaskRow>('Task', columns.task);
  const run = shapeOf<TaskRunRow>('TaskRun', columns.run);
  const rows = await query<Record<keyof ClaimRow, unknown> & Pick<ClaimRow, 'request' | 'reason'>>(
    executor,
    toStatement(
      sql`SELECT c.request, c.reason,
        CASE WHEN c.task_id IS NOT NULL THEN ${rowOf(task, sql`SELECT (c.claimed_task).*`)} END AS task,
        CASE WHEN c.run_id IS NOT NULL THEN ${rowOf(run, sql`SELECT (c.claimed_run).*`)} END AS run
      FROM claim_tasks(${requests.map((each) => each.agentId)}::text[], ${requests.map((each) => each.maxCapacity)}::int[],
        ${requests.map((each) => each.leaseMs)}::int[], ${requests.map((each) => each.runId)}::text[],
        ${requests.map((each) => each.resume)}::boolean[], ${requests.map((each) => each.idempotencyKey)}::text[],
        ${requests.map((each) => each.fingerprint)}::text[],
        ${requests.map(({ narrowing }) => (narrowing === null ? null : JSON.stringify(narrowing)))}::jsonb[], ${presence(rules)}) c`,
      'claim',
    ),
  );
  return rows.map((row) => ({
    request: row.request,
    reason: row.reason,
    task: row.task === null ? null : task.parse(row.task),
    run: row.run === null ? null : run.parse(row.run),
  }));
}
