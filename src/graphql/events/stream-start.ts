import { formatLogCursor } from '../../domain/events/log-cursor.js';
import type { LogPosition } from '../../domain/events/log-position.js';
import type { LogEntry } from '../../feed/hub.js';
import { readTimeOfDay, toDate } from '../../kernel/clock.js';

/** The type of the item that a stream may begin with. It is not stored in the log. */
const STREAM_STARTED = 'stream.started';

/** An item with the cursor from which a stream delivers, for a client that loses its stream before the first event. */
export function createStreamStart(position: LogPosition): LogEntry {
  return {
    id: position,
    formerId: null,
    type: STREAM_STARTED,
    at: toDate(readTimeOfDay()),
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
    payload: {},
  };
}

/** Whether the entry is the start of a stream and not an event of the log. */
export function isStreamStart({ type }: Pick<LogEntry, 'type'>): boolean {
  return type === STREAM_STARTED;
}

/** An id that no event has: the position is also that of an event. */
export function idOfStreamStart({ id }: Pick<LogEntry, 'id'>): string {
  return `stream_${formatLogCursor(id)}`;
}
