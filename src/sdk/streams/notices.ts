import type { MissionControlError } from '../errors/base.js';
import { CursorExpiredError, type RequestError } from '../errors/request-errors.js';

/** The stream is connected: events that follow are live, or are replayed from the cursor without a gap. */
export interface StreamConnected {
  readonly __typename: 'StreamConnected';
  readonly type: 'stream.connected';
  /** The stream delivers what comes after this cursor. */
  readonly cursor: string;
  /** How many entries the log had after the cursor at that moment: what was missed. Some may not match the filter. */
  readonly behind: number;
}

/** The connection is lost. The stream reconnects by itself and delivers what was missed. */
export interface StreamInterrupted {
  readonly __typename: 'StreamInterrupted';
  readonly type: 'stream.interrupted';
  /** The last cursor that was delivered; null if there was none yet. */
  readonly cursor: string | null;
  readonly error: MissionControlError;
}

/** Events came faster than they were read, so the server ended the stream. It resumes by itself without a gap. */
export interface SubscriberTooSlow {
  readonly __typename: 'SubscriberTooSlow';
  readonly type: 'stream.too_slow';
  readonly cursor: string | null;
}

/** The events after the cursor were pruned, so there is a gap. The stream goes on from now: read the present state. */
export interface CursorExpired {
  readonly __typename: 'CursorExpired';
  readonly type: 'stream.cursor_expired';
  /** The cursor that was refused. */
  readonly cursor: string | null;
}

/** What happened to the stream itself. */
export type StreamNotice = StreamConnected | StreamInterrupted | SubscriberTooSlow | CursorExpired;

/** The notice of an error after which the stream goes on. */
export function noticeOf(error: MissionControlError, cursor: string | null): StreamNotice {
  if (error instanceof CursorExpiredError)
    return { __typename: 'CursorExpired', type: 'stream.cursor_expired', cursor };
  if ((error as RequestError).code === 'SUBSCRIBER_TOO_SLOW')
    return { __typename: 'SubscriberTooSlow', type: 'stream.too_slow', cursor };
  return { __typename: 'StreamInterrupted', type: 'stream.interrupted', cursor, error };
}
