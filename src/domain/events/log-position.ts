/**
 * A place in the event log: the transaction that wrote the entry, then the entry's own number. Ordered by both, no
 * entry ever appears before one that could be read already.
 */
export interface LogPosition {
  readonly xid: bigint;
  readonly id: bigint;
}

/** Where the readable log begins and ends. */
export interface LogBounds {
  /** Everything up to here has been pruned. */
  readonly begin: LogPosition;
  /** The last entry that can be read now: nothing will ever appear before it. */
  readonly end: LogPosition;
}

/** Before the first entry of every log. */
export const LOG_START: LogPosition = { xid: 0n, id: 0n };

/** Whether `position` lies behind `other` in the log. */
export function isLater(position: LogPosition, other: LogPosition): boolean {
  return position.xid === other.xid ? position.id > other.id : position.xid > other.xid;
}

/** The later of two positions. */
export function laterOf(one: LogPosition, other: LogPosition): LogPosition {
  return isLater(other, one) ? other : one;
}

/** What follows the cursor is no longer, or not at all, in this log; the reader must begin anew. */
export class CursorExpired extends Error {
  override readonly name = 'CursorExpired';

  constructor(reason: string) {
    super(`The cursor has expired: ${reason}. Read the present state, then begin without a cursor.`);
  }
}

/**
 * @throws CursorExpired if a reader that goes on from the position would miss something. Cursors are given out for
 * readable entries only, so one beyond the end is of another database, or of one restored to an older day.
 */
export function checkReachable(position: LogPosition, { begin, end }: LogBounds): void {
  if (isLater(begin, position)) throw new CursorExpired('the events that follow it were pruned');
  if (isLater(position, end)) throw new CursorExpired('it lies beyond the end of this log');
}
