import type { ClientBase, Pool, QueryResultRow } from 'pg';
import { SENT_ONCE } from '../actors/sent-once.js';
import type { RunRecord } from '../record.js';

/** An event of the log. */
export interface EventRow {
  readonly id: number;
  readonly type: string;
  readonly at: number;
  readonly task_id: string | null;
  readonly agent_id: string | null;
  readonly run_id: string | null;
  readonly pipeline_run_id: string | null;
  readonly recurring_task_id: string | null;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface TaskRow {
  readonly id: string;
  readonly status: string;
  readonly assignee_id: string | null;
  readonly current_run_id: string | null;
  readonly open_dependencies: number;
  readonly on_dependency_failure: string;
  readonly run_count: number;
  readonly review_round: number;
  readonly version: number;
  readonly recurring_task_id: string | null;
  readonly scheduled_for: number | null;
  readonly pipeline_run_id: string | null;
  /** Whether it can go on by itself, now or at a later time. */
  readonly can_go_on: boolean;
  readonly comments: number;
}

export interface RunRow {
  readonly id: string;
  readonly task_id: string;
  readonly agent_id: string;
  readonly number: number;
  readonly outcome: string;
}

export interface AgentRow {
  readonly id: string;
  readonly name: string;
  readonly max_capacity: number;
  readonly announced_status: string;
}

export interface ReviewRow {
  readonly id: string;
  readonly task_id: string;
  readonly round: number;
  readonly verdict: string;
  readonly superseded: boolean;
}

export interface DependencyRow {
  readonly task_id: string;
  readonly depends_on_id: string;
  readonly is_settled: boolean;
  readonly created_at: number;
}

export interface FiringRow {
  readonly recurring_task_id: string;
  readonly due_at: number;
  readonly task_id: string | null;
}

/** What was left of a process or of PostgreSQL when all clients had gone. */
export interface Leftover {
  readonly name: string;
  readonly found: number;
  /** More than this is too much. */
  readonly most: number;
  readonly unit: string;
}

/** Everything that the judge looks at: the log, the tables, and what the clients and the servers have recorded. */
export interface Evidence {
  readonly events: readonly EventRow[];
  readonly outbox: number;
  readonly tasks: readonly TaskRow[];
  readonly runs: readonly RunRow[];
  readonly agents: readonly AgentRow[];
  readonly reviews: readonly ReviewRow[];
  readonly openReviews: readonly { readonly task_id: string; readonly count: number }[];
  readonly comments: readonly { readonly id: string; readonly task_id: string }[];
  readonly keys: readonly { readonly id: string; readonly is_revoked: boolean }[];
  readonly dependencies: readonly DependencyRow[];
  readonly firings: readonly FiringRow[];
  readonly recurring: readonly { readonly id: string; readonly fire_count: number }[];
  readonly pipelineRuns: readonly { readonly id: string; readonly status: string }[];
  /** Texts that a client sent under one idempotency key, and that are stored more than once. */
  readonly doubled: readonly { readonly text: string; readonly count: number }[];
  readonly record: RunRecord;
  /** What servers have logged as faults, and processes that ended by themselves. */
  readonly serverComplaints: readonly string[];
  readonly leftovers: readonly Leftover[];
}

/** What is not in the database. */
export type Circumstances = Pick<Evidence, 'record' | 'serverComplaints' | 'leftovers'>;

/** Reads the log and the tables. Times are numbers, in microseconds since 1970. */
export async function readEvidence(db: Pool | ClientBase, circumstances: Circumstances): Promise<Evidence> {
  async function rows<Row extends QueryResultRow>(sql: string): Promise<Row[]> {
    return (await db.query<Row>(sql)).rows;
  }
  const micros = (column: string) => `(extract(epoch FROM ${column}) * 1e6)::float8`;
  const [{ outbox } = { outbox: 0 }] = await rows<{ outbox: number }>(
    'SELECT count(*)::int AS outbox FROM event_outbox',
  );
  return {
    ...circumstances,
    outbox,
    events: await rows(
      `SELECT id::float8, type, ${micros('at')} AS at, task_id, agent_id, run_id, pipeline_run_id, recurring_task_id, payload
       FROM events ORDER BY events.id`,
    ),
    tasks: await rows(
      `SELECT id, status::text, assignee_id, current_run_id, open_dependencies, on_dependency_failure::text, run_count,
         review_round, version, recurring_task_id, ${micros('scheduled_for')} AS scheduled_for, pipeline_run_id,
         status IN ('IN_PROGRESS', 'REVIEW') OR (status IN ('INBOX', 'ASSIGNED') AND open_dependencies = 0) AS can_go_on,
         (SELECT count(*)::int FROM comments c WHERE c.task_id = t.id) AS comments
       FROM tasks t ORDER BY t.number`,
    ),
    runs: await rows('SELECT id, task_id, agent_id, number, outcome::text FROM task_runs ORDER BY id'),
    agents: await rows('SELECT id, name, max_capacity, announced_status::text FROM agents ORDER BY id'),
    reviews: await rows(
      'SELECT id, task_id, round, verdict::text, superseded FROM quality_reviews ORDER BY id',
    ),
    openReviews: await rows(
      `SELECT task_id, count(*)::int FROM review_runs WHERE outcome = 'RUNNING' GROUP BY task_id`,
    ),
    comments: await rows('SELECT id, task_id FROM comments ORDER BY id'),
    keys: await rows('SELECT id, revoked_at IS NOT NULL AS is_revoked FROM api_keys ORDER BY id'),
    dependencies: await rows(
      `SELECT task_id, depends_on_id, settled_at IS NOT NULL AS is_settled, ${micros('created_at')} AS created_at
       FROM task_dependencies ORDER BY task_id, depends_on_id`,
    ),
    firings: await rows(
      `SELECT recurring_task_id, ${micros('due_at')} AS due_at, task_id FROM recurring_firings
       ORDER BY recurring_task_id, recurring_firings.due_at`,
    ),
    recurring: await rows('SELECT id, fire_count FROM recurring_tasks ORDER BY id'),
    doubled: await rows(
      `SELECT text, count(*)::int FROM (SELECT title AS text FROM tasks UNION ALL SELECT body FROM comments) texts
       WHERE starts_with(text, '${SENT_ONCE}') GROUP BY text HAVING count(*) > 1`,
    ),
    pipelineRuns: await rows('SELECT id, status::text FROM pipeline_runs ORDER BY id'),
  };
}
