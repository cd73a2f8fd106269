import { type LogBounds, type LogPosition, laterOf } from '../../domain/events/log-position.js';
import type { Event } from '../../generated/prisma/client.js';
import { type Executor, query } from '../../postgres/statement.js';
import type { Transaction } from '../../postgres/transaction.js';
import { shapeOf } from '../lists/row-shape.js';

/** One entry of the log. The type is Prisma's, so that entries read here and there are interchangeable. */
export type LogRow = Event;

/** Which entries are wanted; a part that is left out lets all through. */
export interface LogFilter {
  readonly types?: readonly string[];
  readonly taskId?: string;
  /** The agent acts or is concerned. */
  readonly agentId?: string;
  /** The run itself, or one of its tasks, is concerned. */
  readonly pipelineRun?: { readonly id: string; readonly taskIds: ReadonlySet<string> };
}

/** Whether the filter lets the entry through; the same rule as in the statements below. */
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

/** A part of the log in its order. */
export interface LogPage {
  readonly rows: readonly LogRow[];
  /** The page tells all that there is up to here, and nothing beyond. */
  readonly upTo: LogPosition;
  /** Whether there may be more to read at once. */
  readonly isFull: boolean;
  /** Everything up to here has been pruned; if that is later than where the page begins, something is missing. */
  readonly begin: LogPosition;
  /** Whether entries are written that an older open transaction keeps from being read. */
  readonly heldBack: boolean;
}

/*
 * A transaction gets its xid at its first write and commits when it likes, so entries become visible out of order. But
 * every transaction below the oldest running one (xmin) has ended: what it wrote is visible in the same snapshot, and
 * nothing can be added below. Reading only there, in order of (xid, id), nothing is skipped and nothing repeated.
 *
 * Positions are always those of rows. "xmin - 1" would serve as an end as well, but after a crash PostgreSQL gives the
 * xids of transactions that left no trace in its journal to new ones, and a reader that stood there would skip them.
 */
export const XMIN = 'pg_snapshot_xmin(pg_current_snapshot())::text::bigint';

/** Reads where the log begins and ends. A reader that begins at the end gets all that is still to come. */
export async function readLogBounds(executor: Executor): Promise<LogBounds> {
  const [row] = await query<{ beginXid: bigint; beginId: bigint; endXid: bigint; endId: bigint }>(executor, {
    name: 'read_log_bounds',
    // events_position_idx, read backwards from xmin.
    text: `SELECT h.xid AS begin_xid, h.event_id AS begin_id, coalesce(e.xid, h.xid) AS end_xid, coalesce(e.id, h.event_id) AS end_id
      FROM event_horizon h LEFT JOIN LATERAL (
        SELECT xid, id FROM events WHERE xid < ${XMIN} ORDER BY xid DESC, id DESC LIMIT 1) e ON true`,
  });
  if (row === undefined) throw new Error('event_horizon has lost its row');
  return { begin: { xid: row.beginXid, id: row.beginId }, end: { xid: row.endXid, id: row.endId } };
}

/** How entries are read. */
export const LOG_SHAPE = shapeOf<LogRow>('Event', '*');

/** The entry with this number, if it is there and can be read. */
export async function findLogRow(executor: Executor, id: bigint): Promise<LogRow | null> {
  const [row] = await query<LogRow>(executor, {
    name: 'find_log_row',
    text: `SELECT * FROM events WHERE id = $1 AND xid < ${XMIN}`,
    values: [id],
  });
  return row ?? null;
}

/**
 * The next entries after a position, in the order of the log. At most `limit` entries are looked at, so that a rare
 * filter makes many short statements and not one that keeps its snapshot open for long.
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
  /** How many entries were looked at, and the last of them. */
  readonly looked: number;
  readonly lastXid: bigint | null;
  readonly lastId: bigint | null;
  /** Those that are wanted. */
  readonly rows: unknown[] | null;
}

/**
 * events_position_idx serves the order and both ends. The last xid is asked for as that of the last entry, for which there
 * is one good plan: a max() or an EXISTS that is planned while the log is short would walk all of it later. The entries
 * come as one JSON text, which takes a fifth of the time that the driver takes for five hundred of them value by value.
 */
const ALL_TASKS = { name: 'read_log', text: pageText('', 'SELECT NULL::bigint AS xid, NULL::bigint AS id') };

/** events_task_idx skips the other tasks' entries, so where the log ends must be asked as well. */
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
  if (found === undefined) throw new Error('event_horizon has lost its row');
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

/** Taken by whoever prunes, for the time of one batch: a second process has nothing to add. */
const PRUNE_LOCK = 4_170_001;

/**
 * Deletes the oldest entries, at most `limit`, and moves the log's begin behind them in the same transaction. Stops at
 * the first entry that is younger than `olderThanMs`, so the log never has a hole and no entry goes too early. Returns
 * how many went; 0 if another process is pruning.
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
    // events_position_idx. Entries that can't be read yet are never pruned: a reader must see them first.
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
