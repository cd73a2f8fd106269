import { formatLogCursor } from '../../domain/events/log-cursor.js';
import type { LogPosition } from '../../domain/events/log-position.js';
import type { LogEntry } from '../../feed/hub.js';
import { toJsonObject } from '../base/json-object.js';

/** The type of the item that a stream may begin with. It is not stored in the log. */
const STREAM_STARTED = 'stream.started';

/**
 * An item with the cursor from which a stream delivers, for a client that loses its stream before the first event.
 *
 * @param end - the end of the log as far as this process has read it.
 * @param at - the time of the database, as events have.
 */
export function createStreamStart(position: LogPosition, end: LogPosition, at: Date): LogEntry {
  return {
    id: position,
    formerId: null,
    type: STREAM_STARTED,
    at,
    actorKeyId: null,
    actorAgentId: null,
    taskId: null,
    agentId: null,
    runId: null,
    reviewId: null,
    commentId: null,
    keyId: null,
    recurringTaskId: null,
    pipelineRunId: null,
    payload: { behind: end > position ? Number(end - position) : 0 },
  };
}

/** How many entries of the log follow the position of the start. */
export function behindOf({ payload }: Pick<LogEntry, 'payload'>): number {
  const { behind } = toJsonObject(payload);
  return typeof behind === 'number' ? behind : 0;
}

/** Whether the entry is the start of a stream and not an event of the log. */
export function isStreamStart({ type }: Pick<LogEntry, 'type'>): boolean {
  return type === STREAM_STARTED;
}

/** An id that no event has: the position is also that of an event. */
export function idOfStreamStart({ id }: Pick<LogEntry, 'id'>): string {
  return `stream_${formatLogCursor(id)}`;
}
