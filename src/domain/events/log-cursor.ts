import { formatCursor, parseCursor } from '../cursor.js';
import { InvalidList } from '../page.js';
import type { LogPosition } from './log-position.js';

/** Names the log and its order. Lists and streams share it, so that a cursor of one resumes the other. */
export const LOG_CURSOR_TAG = 'event';

/** A position in the log as the opaque text that clients get. */
export function formatLogCursor({ xid, id }: LogPosition): string {
  return formatCursor(LOG_CURSOR_TAG, [xid, id]);
}

/**
 * The position that a client's cursor stands for.
 * @throws {InvalidList} for a text that is no cursor of the log.
 */
export function parseLogCursor(cursor: string): LogPosition {
  try {
    const [xid, id] = parseCursor(LOG_CURSOR_TAG, ['number', 'number'], cursor);
    return { xid: BigInt(String(xid)), id: BigInt(String(id)) };
  } catch (cause) {
    // The general message speaks of lists. This cursor may come from a stream.
    const places = 'take one from an event, or from the id of a stream';
    throw new InvalidList(`This is no cursor of the event log: ${places}.`, { cause });
  }
}
