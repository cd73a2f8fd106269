import { parseLogCursor } from '../../domain/events/log-cursor.js';
import {
  CursorExpired,
  checkReachable,
  type LogBounds,
  type LogPosition,
} from '../../domain/events/log-position.js';
import { type Executor, query } from '../../postgres/statement.js';

/** @throws CursorExpired if a reader that resumes at the position would miss entries. */
export async function checkLogPosition(executor: Executor, position: LogPosition): Promise<void> {
  const [row] = await query<LogBounds & { isInLog: boolean }>(executor, {
    name: 'check_log_position',
    text: `SELECT h.position AS begin, coalesce((SELECT id FROM events ORDER BY id DESC LIMIT 1), h.position) AS end,
        h.position = $1 OR EXISTS (SELECT FROM events WHERE id = $1) AS is_in_log
      FROM event_horizon h`,
    values: [position],
  });
  if (row === undefined) throw new Error('event_horizon has no row');
  checkReachable(position, row, row.isInLog);
}

/**
 * The position of a client's cursor. Null for a cursor from before positions existed whose event is not in the log any more.
 *
 * @throws InvalidList for a text that is not a cursor of the log.
 */
export async function findLogPosition(executor: Executor, text: string): Promise<LogPosition | null> {
  const cursor = parseLogCursor(text);
  if ('position' in cursor) return cursor.position;
  const [row] = await query<{ position: LogPosition }>(executor, {
    name: 'find_former_position',
    // Uses events_former_id_key.
    text: `SELECT id AS position FROM events WHERE former_id = $1
      UNION ALL SELECT position FROM event_horizon WHERE former_id = $1`,
    values: [cursor.formerId],
  });
  return row?.position ?? null;
}

/**
 * The position of a client's cursor.
 *
 * @throws InvalidList for a text that is not a cursor of the log.
 * @throws CursorExpired for a cursor from before positions existed whose event is not in the log any more.
 */
export async function locateCursor(executor: Executor, text: string): Promise<LogPosition> {
  const position = await findLogPosition(executor, text);
  if (position === null) throw new CursorExpired('its event is not in the log any more');
  return position;
}
