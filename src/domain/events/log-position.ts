/**
 * A position in the event log: the transaction that wrote the entry, and the entry's number. In this order a new entry
 * never appears before an entry that was already readable.
 */
export interface LogPosition {
  readonly xid: bigint;
  readonly id: bigint;
}

/** Where the readable log begins and ends. */
export interface LogBounds {
  /** All entries up to this position were pruned. */
  readonly begin: LogPosition;
  /** The last entry that is readable now. No new entry will appear before it. */
  readonly end: LogPosition;
}

/** The position before the first entry of every log. */
export const LOG_START: LogPosition = { xid: 0n, id: 0n };

/** Whether `position` is after `other` in the log. */
export function isLater(position: LogPosition, other: LogPosition): boolean {
  return position.xid === other.xid ? position.id > other.id : position.xid > other.xid;
}

/** The later of two positions. */
export function laterOf(one: LogPosition, other: LogPosition): LogPosition {
  return isLater(other, one) ? other : one;
}

/** The entries after the cursor were pruned or are not in this log. The reader must begin again without a cursor. */
export class CursorExpired extends Error {
  override readonly name = 'CursorExpired';

  constructor(reason: string) {
    super(`The cursor has expired: ${reason}. Read the current state, then begin without a cursor.`);
  }
}

/**
 * @throws CursorExpired if a reader that resumes at the position would miss entries. Clients get cursors of readable
 * entries only, so a cursor after the end is of another database or of one that was restored from an older backup.
 */
export function checkReachable(position: LogPosition, { begin, end }: LogBounds): void {
  if (isLater(begin, position)) throw new CursorExpired('the events after it were pruned');
  if (isLater(position, end)) throw new CursorExpired('it is after the end of this log');
}
