import { formatCursor, parseCursor } from '../cursor.js';
import { InvalidList } from '../page.js';
import type { LogPosition } from './log-position.js';

/** Names the log and its order in cursors. Lists and streams share it, so that a cursor of one resumes the other. */
export const LOG_CURSOR_TAG = 'event';

/** What a cursor names: a position, or an event by its former number if the cursor is from before positions existed. */
export type LogCursor = { readonly position: LogPosition } | { readonly formerId: bigint };

/** Formats a position in the log as the opaque text that clients get. */
export function formatLogCursor(position: LogPosition): string {
  return formatCursor(LOG_CURSOR_TAG, [position]);
}

/**
 * Parses a client's cursor.
 * @throws {InvalidList} for a text that is not a cursor of the log.
 */
export function parseLogCursor(cursor: string): LogCursor {
  const position = parseNumbers(cursor, 1)?.[0];
  if (position !== undefined) return { position };
  // A former cursor consists of the number of the transaction and the number of the event, which was unique by itself.
  const formerId = parseNumbers(cursor, 2)?.[1];
  if (formerId !== undefined) return { formerId };
  // The general message is about lists, but this cursor may come from a stream.
  const sources = 'use the cursor of an event, or the id of a streamed event';
  throw new InvalidList(`This is not a cursor of the event log: ${sources}.`);
}

function parseNumbers(cursor: string, count: 1 | 2): bigint[] | null {
  try {
    const kinds = Array.from({ length: count }, () => 'number' as const);
    return parseCursor(LOG_CURSOR_TAG, kinds, cursor).map((value) => BigInt(String(value)));
  } catch (error) {
    if (error instanceof InvalidList) return null;
    throw error;
  }
}
