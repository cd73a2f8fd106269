import { type LogBounds, type LogPosition, laterOf } from '../domain/log-position.js';
import type { Event } from '../generated/prisma/client.js';
import { type Executor, query } from './statement.js';
import type { Transaction } from './transaction.js';

/** One entry of the log. The type is Prisma's, so that entries read here and there are interchangeable. */
export type LogRow = Event;

/** Which entries are wanted; a part that is left out lets all through. */
export interface LogFilter {
  readonly types?: readonly string[];
  readonly taskId?: string;
  /** The agent acts or is concerned. */
  readonly agentId?: string;
}

/** Whether the filter lets the entry through; the same rule as in the statements below. */
export function matchesFilter({ types, taskId, agentId }: LogFilter, row: LogRow): boolean {
  return (
    (types === undefined || types.includes(row.type)) &&
    (taskId === undefined || row.taskId === taskId) &&
    (agentId === undefined || row.agentId === agentId || row.actorAgentId === agentId)
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
  const { taskId, types = null, agentId = null } = filter;
  const found = await query<PageRow>(executor, {
    ...(taskId === undefined ? ALL_TASKS : ONE_TASK),
    values: [after.xid, after.id, limit, types, agentId, ...(taskId === undefined ? [] : [taskId])],
  });
  return toPage(found, after, limit);
}

/** What every row of the statements tells, and the entry, null where none was found. */
type PageRow = { [Column in keyof LogRow]: LogRow[Column] | null } & {
  beginXid: bigint;
  beginId: bigint;
  heldBack: boolean;
  endXid: bigint | null;
  endId: bigint | null;
  looked: number | null;
  wanted: boolean | null;
};

/**
 * events_position_idx serves the order and both ends; the last entry looked at is where the next page begins. The last
 * xid is asked for as max(), for which there is one good plan: EXISTS of a later one would walk the table.
 */
const ALL_TASKS = { name: 'read_log', text: pageText('', 'SELECT NULL::bigint AS xid, NULL::bigint AS id') };

/** events_task_idx skips the other tasks' entries, so where the log ends must be asked as well. */
const ONE_TASK = {
  name: 'read_log_of_task',
  text: pageText(
    'AND task_id = $6',
    `SELECT xid, id FROM events WHERE xid < ${XMIN} ORDER BY xid DESC, id DESC LIMIT 1`,
  ),
};

function pageText(ofTask: string, end: string): string {
  return `SELECT h.xid AS begin_xid, h.event_id AS begin_id, coalesce((SELECT max(xid) FROM events) >= ${XMIN}, false) AS held_back,
      l.xid AS end_xid, l.id AS end_id, e.looked, e.wanted,
      e.id, e.xid, e.type, e.at, e.actor_key_id, e.actor_agent_id, e.task_id, e.agent_id, e.run_id, e.review_id,
      e.comment_id, e.key_id, e.recurring_task_id, e.pipeline_run_id, e.payload
    FROM event_horizon h LEFT JOIN LATERAL (${end}) l ON true LEFT JOIN LATERAL (
      SELECT * FROM (
        SELECT *, count(*) OVER ()::int AS looked, row_number() OVER (ORDER BY xid, id) AS place,
          ($4::text[] IS NULL OR type = ANY($4)) AND ($5::text IS NULL OR $5 IN (agent_id, actor_agent_id)) IS TRUE AS wanted
        FROM (
          SELECT * FROM events WHERE (xid, id) > ($1, $2) AND xid < ${XMIN} ${ofTask} ORDER BY xid, id LIMIT $3) nearest) weighed
      WHERE wanted OR place = looked) e ON true
    ORDER BY e.xid, e.id`;
}

function toPage(found: readonly PageRow[], after: LogPosition, limit: number): LogPage {
  const [first] = found;
  if (first === undefined) throw new Error('event_horizon has lost its row');
  const looked = found.filter(isEntry);
  const last = looked.at(-1);
  const isFull = last?.looked === limit;
  const end = first.endXid === null || first.endId === null ? after : { xid: first.endXid, id: first.endId };
  return {
    rows: looked.filter(({ wanted }) => wanted).map(toLogRow),
    upTo: isFull ? last : laterOf(last ?? after, end),
    isFull,
    begin: { xid: first.beginXid, id: first.beginId },
    heldBack: first.heldBack,
  };
}

function toLogRow({
  beginXid,
  beginId,
  heldBack,
  endXid,
  endId,
  looked,
  wanted,
  ...row
}: PageRow & LogRow): LogRow {
  return row;
}

function isEntry(row: PageRow): row is PageRow & LogRow {
  return row.id !== null;
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
