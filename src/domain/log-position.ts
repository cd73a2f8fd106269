/**
 * A place in the event log: the transaction that wrote the entry, then the entry's own number. Ordered by both, no
 * entry ever appears before one that could be read already.
 */
export interface LogPosition {
  readonly xid: bigint;
  readonly id: bigint;
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
