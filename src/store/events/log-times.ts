import type { LogPosition } from '../../domain/events/log-position.js';
import type { InstantRange } from '../../domain/tasks/task-filter.js';
import { type Executor, query } from '../../postgres/statement.js';
import { readLogBounds } from './event-log.js';

/** The times of neighbours in the log differ from its order by less than this many entries: transactions are short. */
const DISORDER = 10_000n;

/**
 * The position before the first event whose `at` is not before `since`. A binary search in the primary key, as the times follow the
 * order of the log but for the length of transactions; then the entries around it are looked at.
 */
export async function findPositionSince(executor: Executor, since: Date): Promise<LogPosition> {
  const { begin, end } = await readLogBounds(executor);
  let low = begin;
  let high = end;
  while (low < high) {
    const middle = low + (high - low) / 2n;
    const at = await readTimeAfter(executor, middle);
    if (at === null || at.getTime() >= since.getTime()) high = middle;
    else low = middle + 1n;
  }
  const [row] = await query<{ first: LogPosition | null }>(executor, {
    name: 'find_first_event_since',
    text: 'SELECT min(id) AS first FROM events WHERE id > $1 AND id <= $2 AND at >= $3',
    values: [low > DISORDER ? low - DISORDER : 0n, low + 1n, since],
  });
  return row?.first == null ? low : row.first - 1n;
}

async function readTimeAfter(executor: Executor, position: LogPosition): Promise<Date | null> {
  const [row] = await query<{ at: Date }>(executor, {
    name: 'read_time_after',
    text: 'SELECT at FROM events WHERE id > $1 ORDER BY id LIMIT 1',
    values: [position],
  });
  return row?.at ?? null;
}

/** A part of the log, by positions. */
export interface LogSpan {
  readonly after?: LogPosition;
  readonly upTo?: LogPosition;
}

/** A part of the log that has all events of the period, so that a list of them does not read the whole log. */
export async function findSpan(executor: Executor, { gte, lt }: InstantRange): Promise<LogSpan> {
  return {
    ...(gte ? { after: await findPositionSince(executor, gte) } : {}),
    ...(lt ? { upTo: (await findPositionSince(executor, lt)) + DISORDER } : {}),
  };
}
