import type { NewEvent } from '../../domain/events/event-types.js';
import { type Sql, sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import { type PresenceRules, presence } from '../agents/presence.js';
import { type Columns, columnsForAll, type RowShape, rowOf, shapeOf } from '../lists/row-shape.js';
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
  /** Null, or what the session of the agent says of itself. */
  readonly narrowing: ClaimNarrowing | null;
  /** The hash of the input, to detect a reused key. */
  readonly fingerprint: string | null;
}

/** Tasks with all these tags, which require only these capabilities; and the model that works on them, which narrows nothing. */
export interface ClaimNarrowing {
  readonly tags?: readonly string[] | undefined;
  readonly capabilities?: readonly string[] | undefined;
  readonly model?: string | undefined;
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
  const shapes = claimShapes(columns);
  const rows = await query<RawClaim>(
    executor,
    toStatement(
      sql`SELECT c.request, c.reason, ${claimedRows(shapes)} FROM claim_tasks(${claimArguments(requests, rules)}) c`,
      'claim',
    ),
  );
  return rows.map((row) => parseClaim(row, shapes));
}

/** The columns that all of several claims need. */
export function claimColumnsForAll(selections: readonly ClaimColumns[]): ClaimColumns {
  return {
    task: columnsForAll(selections.map(({ task }) => task)),
    run: columnsForAll(selections.map(({ run }) => run)),
  };
}

/**
 * The events that `claim_tasks` has appended for a new run, except those of the agent. A claim that was answered with an
 * earlier run has appended none.
 */
export function listEventsOfClaim(
  { agentId, runId }: Pick<ClaimRequest, 'agentId' | 'runId'>,
  { reason, task, run }: Omit<ClaimRow, 'request'>,
): NewEvent[] {
  if (reason !== 'ASSIGNED' || task === null || run?.id !== runId) return [];
  const about = { actor: { keyId: null, agentId }, taskId: task.id, runId };
  return [
    { type: 'task.claimed', ...about },
    { type: 'run.started', ...about },
  ];
}

/** A row of a statement that selects {@link claimedRows}. */
export type RawClaim = Pick<ClaimRow, 'request' | 'reason'> & {
  readonly task: unknown;
  readonly run: unknown;
};

interface ClaimShapes {
  readonly task: RowShape<TaskRow>;
  readonly run: RowShape<TaskRunRow>;
}

export function claimShapes({ task, run }: ClaimColumns): ClaimShapes {
  return { task: shapeOf<TaskRow>('Task', task), run: shapeOf<TaskRunRow>('TaskRun', run) };
}

/** SQL: the task and the run of a row `c` of `claim_tasks`. */
export function claimedRows({ task, run }: ClaimShapes): Sql {
  return sql`CASE WHEN (c.claimed_task).id IS NOT NULL THEN ${rowOf(task, sql`SELECT (c.claimed_task).*`)} END AS task,
    CASE WHEN (c.claimed_run).id IS NOT NULL THEN ${rowOf(run, sql`SELECT (c.claimed_run).*`)} END AS run`;
}

/** SQL: the arguments of `claim_tasks`. */
export function claimArguments(requests: readonly ClaimRequest[], rules: PresenceRules): Sql {
  return sql`${requests.map((each) => each.agentId)}::text[], ${requests.map((each) => each.maxCapacity)}::int[],
    ${requests.map((each) => each.leaseMs)}::int[], ${requests.map((each) => each.runId)}::text[],
    ${requests.map((each) => each.resume)}::boolean[], ${requests.map((each) => each.idempotencyKey)}::text[],
    ${requests.map((each) => each.fingerprint)}::text[],
    ${requests.map(({ narrowing }) => (narrowing === null ? null : JSON.stringify(narrowing)))}::jsonb[], ${presence(rules)}`;
}

export function parseClaim({ request, reason, task, run }: RawClaim, shapes: ClaimShapes): ClaimRow {
  return {
    request,
    reason,
    task: task === null ? null : shapes.task.parse(task),
    run: run === null ? null : shapes.run.parse(run),
  };
}
