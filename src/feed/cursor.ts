import type { LogPosition } from '../domain/log-position.js';

/** The largest bigint of PostgreSQL. */
const MAX_BIGINT = 2n ** 63n - 1n;

/** Longer than any cursor made here: two bigints and a dot in base64url. */
const MAX_LENGTH = 64;

/** The text is no cursor of the event log. */
export class InvalidCursor extends Error {
  override readonly name = 'InvalidCursor';

  constructor() {
    super('The cursor is not one of the event log: take it from Event.cursor.');
  }
}

/** What follows the cursor is no longer, or not at all, in this log; the reader must begin anew. */
export class CursorExpired extends Error {
  override readonly name = 'CursorExpired';

  constructor(reason: string) {
    super(`The cursor has expired: ${reason}. Read the present state, then subscribe without a cursor.`);
  }
}

export type InterruptionCode = 'SUBSCRIBER_TOO_SLOW' | 'SERVER_STOPPING';

/** The server ended a stream that could go on: subscribing again after `cursor` misses nothing. */
export class StreamInterrupted extends Error {
  override readonly name = 'StreamInterrupted';

  constructor(
    readonly code: InterruptionCode,
    /** After the last entry that was taken from the stream. */
    readonly cursor: string,
  ) {
    const why =
      code === 'SUBSCRIBER_TOO_SLOW' ? 'Events came faster than they were taken' : 'The server is stopping';
    super(`${why}: subscribe again after the cursor, and nothing is missed.`);
  }
}

/** A position as the opaque text that clients get. */
export function formatCursor({ xid, id }: LogPosition): string {
  return Buffer.from(`${xid}.${id}`).toString('base64url');
}

/**
 * The position that a client's cursor stands for.
 *
 * @throws InvalidCursor for any text that formatCursor does not make.
 */
export function parseCursor(cursor: string): LogPosition {
  if (cursor.length > MAX_LENGTH) throw new InvalidCursor();
  const [, xid, id] =
    /^(\d{1,19})\.(\d{1,19})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (xid === undefined || id === undefined) throw new InvalidCursor();
  const position = { xid: BigInt(xid), id: BigInt(id) };
  const isStorable = position.xid <= MAX_BIGINT && position.id <= MAX_BIGINT;
  // Decoding is lenient with stray characters and leading zeros; one position has one cursor.
  if (!isStorable || formatCursor(position) !== cursor) throw new InvalidCursor();
  return position;
}
