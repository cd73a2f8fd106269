import { isTerminal, TASK_STATUSES } from '../../domain/tasks/task-status.js';
import { identifier, joinSql, type Sql, sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';

/** When lists of tasks change by time alone, in milliseconds from `now`. Negative for what has happened since the last look. */
export interface PassingTime {
  /** The time of the database, from which the next look goes on. */
  readonly now: Date;
  /** An open task becomes overdue. Null if none will. */
  readonly dueInMs: number | null;
  /** A task can begin or cease to wait for something. Null if none can. */
  readonly waitInMs: number | null;
}

/**
 * The first instants at or after `since` at which a task becomes overdue, or at which what tasks wait for can change. Each is the head of an
 * index or of a small table: tasks_due_idx for each open status but IN_PROGRESS, tasks_not_before_idx, review_runs_retry_idx.
 */
export async function findPassingTime(
  executor: Executor,
  since: Date | null,
  agentTimeoutMs: number,
): Promise<PassingTime> {
  const begin = sql`coalesce(${since}::timestamptz, now())`;
  const [row] = await query<PassingTime>(
    executor,
    toStatement(sql`SELECT now()::timestamptz(3) AS now, ${inMs(nextDue(begin))} AS due_in_ms,
      ${inMs(nextWait(begin, sql`${agentTimeoutMs} * interval '1 millisecond'`))} AS wait_in_ms`),
  );
  if (row === undefined) throw new Error('The statement of the next instants returned no row');
  return row;
}

const OPEN = TASK_STATUSES.filter((status) => !isTerminal(status));

function inMs(instant: Sql): Sql {
  return sql`(extract(epoch FROM ${instant} - now()) * 1000)::float8`;
}

/** With each status as a constant the planner sees that the index has it. Few tasks are in progress, and it leaves those out. */
function nextDue(begin: Sql): Sql {
  const heads = OPEN.map(
    (status) =>
      sql`(SELECT due_at FROM tasks WHERE status = ${identifier(`'${status}'`)} AND due_at >= ${begin} ORDER BY due_at LIMIT 1)`,
  );
  return sql`least(${joinSql(heads, ', ')})`;
}

/** A start, the end of a backoff or of an outage, the rest of a review, or an agent that becomes silent. */
function nextWait(begin: Sql, timeout: Sql): Sql {
  return sql`least(
    (SELECT not_before FROM tasks WHERE not_before >= ${begin} AND status IN ('INBOX', 'ASSIGNED') ORDER BY not_before LIMIT 1),
    (SELECT retry_at FROM review_runs WHERE retry_at >= ${begin} ORDER BY retry_at LIMIT 1),
    (SELECT min(expires_at) FROM gateway_outages WHERE expires_at >= ${begin}),
    (SELECT min(last_seen_at) + ${timeout} FROM agents WHERE last_seen_at >= ${begin} - ${timeout}))`;
}
