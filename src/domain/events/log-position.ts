/**
 * A position in the event log: a number that grows by one from entry to entry. It is assigned after the commit, so a new
 * entry never appears before an entry that was already readable.
 */
export type LogPosition = bigint;

/** Where the readable log begins and ends. */
export interface LogBounds {
  /** All entries up to this position were pruned. */
  readonly begin: LogPosition;
  /** The last entry that is readable now. No new entry will appear before it. */
  readonly end: LogPosition;
}

/** The position before the first entry of every log. */
export const LOG_START: LogPosition = 0n;

/** The later of two positions. */
export function laterOf(one: LogPosition, other: LogPosition): LogPosition {
  return other > one ? other : one;
}

/** The entries after the cursor were pruned or are not in this log. The reader must begin again without a cursor. */
export class CursorExpired extends Error {
  override readonly name = 'CursorExpired';

  constructor(reason: string) {
    super(`The cursor has expired: ${reason}. Read the current state, then begin without a cursor.`);
  }
}

/**
 * @param isInLog - whether the position is that of an entry or of the begin.
 * @throws CursorExpired if a reader that resumes at the position would miss entries. Clients get cursors of readable
 * entries only, so a cursor after the end, or between two entries, is of another database or of the lost part of one that
 * was restored from an older backup.
 */
export function checkReachable(position: LogPosition, { begin, end }: LogBounds, isInLog: boolean): void {
  if (begin > position) throw new CursorExpired('the events after it were pruned');
  if (position > end) throw new CursorExpired('it is after the end of this log');
  if (!isInLog) throw new CursorExpired('it is not of this log');
}
