import type { LogPosition } from '../domain/events/log-position.js';
import { formatLogCursor, parseLogCursor } from '../store/events/event-lists.js';

export type InterruptionCode = 'SUBSCRIBER_TOO_SLOW' | 'SERVER_STOPPING';

/** The server ended a stream that could go on: subscribing again after `cursor` misses nothing. */
export class StreamInterrupted extends Error {
  override readonly name = 'StreamInterrupted';

  constructor(
    readonly code: InterruptionCode,
    /** Behind the last entry that was taken from the stream. */
    readonly cursor: string,
  ) {
    const why =
      code === 'SUBSCRIBER_TOO_SLOW' ? 'Events came faster than they were taken' : 'The server is stopping';
    super(`${why}: subscribe again after the cursor, and nothing is missed.`);
  }
}

/** A position in the log as the opaque text that clients get. */
export function formatCursor(position: LogPosition): string {
  return formatLogCursor(position);
}

/**
 * The position that a client's cursor stands for.
 * @throws {InvalidList} for what is no cursor of the log.
 */
export function parseCursor(cursor: string): LogPosition {
  return parseLogCursor(cursor);
}
