import { formatCursor, parseCursor } from '../cursor.js';
import { InvalidList } from '../page.js';
import type { LogPosition } from './log-position.js';

/** Names the log and its order in cursors. Lists and streams share it, so that a cursor of one resumes the other. */
export const LOG_CURSOR_TAG = 'event';

/** Formats a position in the log as the opaque text that clients get. */
export function formatLogCursor({ xid, id }: LogPosition): string {
  return formatCursor(LOG_CURSOR_TAG, [xid, id]);
}

/**
 * Parses a client's cursor into a position in the log.
 * @throws {InvalidList} for a text that is not a cursor of the log.
 */
export function parseLogCursor(cursor: string): LogPosition {
  try {
    const [xid, id] = parseCursor(LOG_CURSOR_TAG, ['number', 'number'], cursor);
    return { xid: BigInt(String(xid)), id: BigInt(String(id)) };
  } catch (cause) {
    // The general message is about lists, but this cursor may come from a stream.
    const sources = 'use the cursor of an event, or the id of a streamed event';
    throw new InvalidList(`This is not a cursor of the event log: ${sources}.`, { cause });
  }
}
