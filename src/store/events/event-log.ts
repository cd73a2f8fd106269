import { type LogBounds, type LogPosition, laterOf } from '../../domain/events/log-position.js';
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
}

/** Whether the entry matches the filter. The statements below implement the same rule. */
export function matchesFilter({ types, taskId, agentId, pipelineRun }: LogFilter, row: LogRow): boolean {
  return (
    (types === undefined || types.includes(row.type)) &&
    (taskId === undefined || row.taskId === taskId) &&
    (agentId === undefined || row.agentId === agentId || row.actorAgentId === agentId) &&
    (pipelineRun === undefined ||
      row.pipelineRunId === pipelineRun.id ||
      pipelineRun.taskIds.has(row.taskId ?? ''))
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
  /** Whether an older open transaction prevents written entries from being read. */
  readonly heldBack: boolean;
}

/*
 * A transaction gets its xid at its first write and may commit at any later time, so entries become visible out of order.
 * But every transaction below the oldest running one (xmin) has ended: its entries are visible in the same snapshot, and
 * no entry can be added below. Reading only below xmin in the order of (xid, id) skips nothing and repeats nothing.
 *
 * A position is always that of a row. "xmin - 1" must not be used as an end: after a crash, PostgreSQL assigns the xids of
 * transactions that left no trace in the WAL again, and a reader at that position would skip their entries.
 */
export const XMIN = 'pg_snapshot_xmin(pg_current_snapshot())::text::bigint';

/** Reads the first and the last position of the log. A reader that starts at the end gets all later events. */
export async function readLogBounds(executor: Executor): Promise<LogBounds> {
  const [row] = await query<{ beginXid: bigint; beginId: bigint; endXid: bigint; endId: bigint }>(executor, {
    name: 'read_log_bounds',
    // Reads events_position_idx backwards from xmin.
    text: `SELECT h.xid AS begin_xid, h.event_id AS begin_id, coalesce(e.xid, h.xid) AS end_xid, coalesce(e.id, h.event_id) AS end_id
      FROM event_horizon h LEFT JOIN LATERAL (
        SELECT xid, id FROM events WHERE xid < ${XMIN} ORDER BY xid DESC, id DESC LIMIT 1) e ON true`,
  });
  if (row === undefined) throw new Error('event_horizon has no row');
  return { begin: { xid: row.beginXid, id: row.beginId }, end: { xid: row.endXid, id: row.endId } };
}

/** The columns of an entry. */
export const LOG_SHAPE = shapeOf<LogRow>('Event', '*');

/** The entry with this number; null if it is missing or not readable yet. */
export async function findLogRow(executor: Executor, id: bigint): Promise<LogRow | null> {
  const [row] = await query<LogRow>(executor, {
    name: 'find_log_row',
    text: `SELECT * FROM events WHERE id = $1 AND xid < ${XMIN}`,
    values: [id],
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
  const { taskId, types = null, agentId = null, pipelineRun } = filter;
  const ofRun = [pipelineRun?.id ?? null, pipelineRun ? [...pipelineRun.taskIds] : null];
  const [found] = await query<PageRow>(executor, {
    ...(taskId === undefined ? ALL_TASKS : ONE_TASK),
    values: [after.xid, after.id, limit, types, agentId, ...ofRun, ...(taskId === undefined ? [] : [taskId])],
  });
  return toPage(found, after, limit);
}

interface PageRow {
  readonly beginXid: bigint;
  readonly beginId: bigint;
  readonly heldBack: boolean;
  readonly endXid: bigint | null;
  readonly endId: bigint | null;
  /** The number of scanned entries; the last of them follows. */
  readonly looked: number;
  readonly lastXid: bigint | null;
  readonly lastId: bigint | null;
  /** The matching entries as JSON. */
  readonly rows: unknown[] | null;
}

/**
 * Uses events_position_idx for the order and both ends. The last xid is read as that of the last entry, because a max() or
 * EXISTS that is planned while the log is short would later scan all of it. The entries are one JSON text: for 500 entries
 * that takes a fifth of the time that the driver needs for single values.
 */
const ALL_TASKS = { name: 'read_log', text: pageText('', 'SELECT NULL::bigint AS xid, NULL::bigint AS id') };

/** Uses events_task_idx, which skips the entries of other tasks, so the end of the log is read separately. */
const ONE_TASK = {
  name: 'read_log_of_task',
  text: pageText(
    'AND task_id = $8',
    `SELECT xid, id FROM events WHERE xid < ${XMIN} ORDER BY xid DESC, id DESC LIMIT 1`,
  ),
};

function pageText(ofTask: string, end: string): string {
  return `SELECT h.xid AS begin_xid, h.event_id AS begin_id, coalesce((SELECT xid FROM events ORDER BY xid DESC, id DESC LIMIT 1) >= ${XMIN}, false) AS held_back,
      l.xid AS end_xid, l.id AS end_id, p.looked, p.last[1] AS last_xid, p.last[2] AS last_id, p.rows
    FROM event_horizon h LEFT JOIN LATERAL (${end}) l ON true CROSS JOIN LATERAL (
      SELECT count(*)::int AS looked, max(ARRAY[t.xid, t.id]) AS last, json_agg(${LOG_SHAPE.json.sql} ORDER BY t.xid, t.id) FILTER (
        WHERE ($4::text[] IS NULL OR t.type = ANY($4)) AND ($5::text IS NULL OR $5 IN (t.agent_id, t.actor_agent_id))
        AND ($6::text IS NULL OR t.pipeline_run_id = $6 OR t.task_id = ANY($7::text[]))) AS rows
      FROM (SELECT * FROM events WHERE (xid, id) > ($1, $2) AND xid < ${XMIN} ${ofTask} ORDER BY xid, id LIMIT $3) t) p`;
}

function toPage(found: PageRow | undefined, after: LogPosition, limit: number): LogPage {
  if (found === undefined) throw new Error('event_horizon has no row');
  const last = toPosition(found.lastXid, found.lastId) ?? after;
  const end = toPosition(found.endXid, found.endId) ?? after;
  const isFull = found.looked === limit;
  return {
    rows: (found.rows ?? []).map(LOG_SHAPE.parse),
    upTo: isFull ? last : laterOf(last, end),
    isFull,
    begin: { xid: found.beginXid, id: found.beginId },
    heldBack: found.heldBack,
  };
}

function toPosition(xid: bigint | null, id: bigint | null): LogPosition | null {
  return xid === null || id === null ? null : { xid, id };
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
    // Uses events_position_idx. Entries that are not readable yet are never pruned.
    text: `WITH oldest AS (SELECT xid, id, at FROM events WHERE xid < ${XMIN} ORDER BY xid, id LIMIT $2),
      young AS (SELECT xid, id FROM oldest WHERE at >= now() - $1 * interval '1 millisecond' ORDER BY xid, id LIMIT 1),
      pruned AS (DELETE FROM events e USING oldest o
        WHERE e.id = o.id AND NOT EXISTS (SELECT FROM young y WHERE (y.xid, y.id) <= (o.xid, o.id)) RETURNING e.xid, e.id),
      moved AS (UPDATE event_horizon h SET xid = p.xid, event_id = p.id
        FROM (SELECT xid, id FROM pruned ORDER BY xid DESC, id DESC LIMIT 1) p)
      SELECT count(*)::int AS pruned FROM pruned`,
    values: [olderThanMs, limit],
  });
  return row?.pruned ?? 0;
}
