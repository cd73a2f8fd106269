import { type LogBounds, type LogPosition, laterOf } from '../../domain/events/log-position.js';
import type { InstantRange } from '../../domain/tasks/task-filter.js';
import type { Event } from '../../generated/prisma/client.js';
import { type Executor, query } from '../../postgres/statement.js';
import type { Transaction } from '../../postgres/transaction.js';
import { shapeOf } from '../lists/row-shape.js';

/** One entry of the event log. It is Prisma's type, so that rows read by SQL and by Prisma are interchangeable. */
export type LogRow = Event;

/** Selects entries. An omitted condition matches all entries. */
export interface LogFilter {
  readonly types?: readonly string[];
  readonly taskId?: string;
  /** The agent is the actor or the subject. */
  readonly agentId?: string;
  /** The pipeline run or one of its tasks is the subject. */
  readonly pipelineRun?: { readonly id: string; readonly taskIds: ReadonlySet<string> };
  /** When it happened. */
  readonly at?: InstantRange;
}

/** Whether the entry matches the filter. The statements below implement the same rule. */
export function matchesFilter({ types, taskId, agentId, pipelineRun, at }: LogFilter, row: LogRow): boolean {
  return (
    (types === undefined || types.includes(row.type)) &&
    (taskId === undefined || row.taskId === taskId) &&
    (agentId === undefined || row.agentId === agentId || row.actorAgentId === agentId) &&
    (pipelineRun === undefined ||
      row.pipelineRunId === pipelineRun.id ||
      pipelineRun.taskIds.has(row.taskId ?? '')) &&
    (!at?.gte || row.at >= at.gte) &&
    (!at?.lt || row.at < at.lt)
  );
}

/** Consecutive entries of the log. */
export interface LogPage {
  readonly rows: readonly LogRow[];
  /** The page contains all matching entries up to this position, and none after it. */
  readonly upTo: LogPosition;
  /** Whether more entries may be readable at once. */
  readonly isFull: boolean;
  /** All entries up to here were pruned. If this is after the start of the page, entries are missing. */
  readonly begin: LogPosition;
}

/** Reads the first and the last position of the log. A reader that starts at the end gets all later events. */
export async function readLogBounds(executor: Executor): Promise<LogBounds> {
  const [row] = await query<LogBounds>(executor, {
    name: 'read_log_bounds',
    // Uses the primary key.
    text: `SELECT h.position AS begin, coalesce((SELECT id FROM events ORDER BY id DESC LIMIT 1), h.position) AS end
      FROM event_horizon h`,
  });
  if (row === undefined) throw new Error('event_horizon has no row');
  return row;
}

/** The columns of an entry. */
export const LOG_SHAPE = shapeOf<LogRow>('Event', '*');

/** The entry with this number in its public id; null if it is missing or has no position yet. */
export async function findLogRow(executor: Executor, number: bigint): Promise<LogRow | null> {
  const [row] = await query<LogRow>(executor, {
    name: 'find_log_row',
    text: `SELECT * FROM events WHERE id = $1 AND former_id IS NULL UNION ALL SELECT * FROM events WHERE former_id = $1`,
    values: [number],
  });
  return row ?? null;
}

/**
 * Reads the next entries after a position, in log order. Scans at most `limit` entries, so that a filter with rare matches
 * takes many short statements instead of one that keeps its snapshot open for long.
 */
export async function readLog(
  executor: Executor,
  { after, limit, filter = {} }: { after: LogPosition; limit: number; filter?: LogFilter },
): Promise<LogPage> {
  const { taskId, types = null, agentId = null, pipelineRun, at } = filter;
  const ofRun = [pipelineRun?.id ?? null, pipelineRun ? [...pipelineRun.taskIds] : null];
  const [found] = await query<PageRow>(executor, {
    ...(taskId === undefined ? ALL_TASKS : ONE_TASK),
    values: [after, limit, types, agentId, ...ofRun, taskId ?? null, at?.gte ?? null, at?.lt ?? null],
  });
  return toPage(found, after, limit);
}

interface PageRow {
  readonly begin: LogPosition;
  readonly end: LogPosition | null;
  /** The number of scanned entries; the position of the last of them follows. */
  readonly looked: number;
  readonly last: LogPosition | null;
  /** The matching entries as JSON. */
  readonly rows: unknown[] | null;
}

/** log_page names the indexes that the statements use. */
const ALL_TASKS = { name: 'read_log', text: pageText('NULL::bigint') };

/** The page skips the entries of other tasks, so the end of the log is read separately. */
const ONE_TASK = {
  name: 'read_log_of_task',
  text: pageText('(SELECT id FROM events ORDER BY id DESC LIMIT 1)'),
};

/** The entries are one JSON text: for 500 entries that takes a fifth of the time that the driver needs for single values. */
function pageText(end: string): string {
  return `SELECT h.position AS begin, ${end} AS end, p.looked, p.last, p.rows
    FROM event_horizon h CROSS JOIN LATERAL (
      SELECT count(*)::int AS looked, max(t.id) AS last, json_agg(${LOG_SHAPE.json.sql} ORDER BY t.id) FILTER (
        WHERE ($3::text[] IS NULL OR t.type = ANY($3)) AND ($4::text IS NULL OR $4 IN (t.agent_id, t.actor_agent_id))
        AND ($5::text IS NULL OR t.pipeline_run_id = $5 OR t.task_id = ANY($6::text[]))
        AND ($8::timestamptz IS NULL OR t.at >= $8) AND ($9::timestamptz IS NULL OR t.at < $9)) AS rows
      FROM log_page($1, $2, $7) t) p`;
}

function toPage(found: PageRow | undefined, after: LogPosition, limit: number): LogPage {
  if (found === undefined) throw new Error('event_horizon has no row');
  const last = found.last ?? after;
  const isFull = found.looked === limit;
  return {
    rows: (found.rows ?? []).map(LOG_SHAPE.parse),
    upTo: isFull ? last : laterOf(last, found.end ?? after),
    isFull,
    begin: found.begin,
  };
}

/** The advisory lock for pruning one batch: a second process would have nothing to do. */
const PRUNE_LOCK = 4_170_001;

/**
 * Deletes at most `limit` of the oldest entries and moves the start of the log after them in the same transaction. Stops
 * at the first entry that is younger than `olderThanMs`, so the log never has a gap and no entry is deleted too early.
 * Returns the number of deleted entries; 0 if another process is pruning.
 */
export async function pruneLog(
  tx: Transaction,
  { olderThanMs, limit }: { olderThanMs: number; limit: number },
): Promise<number> {
  const lock = await tx.one<{ taken: boolean }>({
    name: 'take_prune_lock',
    text: 'SELECT pg_try_advisory_xact_lock($1) AS taken',
    values: [PRUNE_LOCK],
  });
  if (!lock?.taken) return 0;
  const row = await tx.one<{ pruned: number }>({
    name: 'prune_log',
    // Uses the primary key. Events without a position are in event_outbox and never pruned, nor are those that the statistics
    // have not counted.
    text: `WITH oldest AS (SELECT id, at FROM events WHERE id <= (SELECT position FROM activity_state) ORDER BY id LIMIT $2),
      young AS (SELECT id FROM oldest WHERE at >= now() - $1 * interval '1 millisecond' ORDER BY id LIMIT 1),
      pruned AS (DELETE FROM events e USING oldest o
        WHERE e.id = o.id AND NOT EXISTS (SELECT FROM young y WHERE y.id <= o.id) RETURNING e.id, e.former_id),
      moved AS (UPDATE event_horizon h SET position = p.id, former_id = p.former_id
        FROM (SELECT id, former_id FROM pruned ORDER BY id DESC LIMIT 1) p)
      SELECT count(*)::int AS pruned FROM pruned`,
    values: [olderThanMs, limit],
  });
  return row?.pruned ?? 0;
}
