import { idOfEvent } from '../../domain/events/event-id.js';
import { listPayloadFields } from '../../domain/events/event-payload.js';
import { isEventType } from '../../domain/events/event-types.js';
import { formatLogCursor } from '../../domain/events/log-cursor.js';
import type { LogEntry } from '../../feed/hub.js';
import { payloadOf } from './event.js';

/** An event as the plain stream sends it. docs/events.md documents this format for clients. */
export interface PlainEvent {
  readonly id: string;
  readonly cursor: string;
  readonly type: string;
  readonly at: string;
  readonly actor: { readonly id: string; readonly displayName: string };
  readonly task: { readonly id: string; readonly ref: string } | null;
  readonly agent: { readonly id: string; readonly name: string } | null;
  readonly runId: string | null;
  readonly reviewId: string | null;
  readonly commentId: string | null;
  readonly keyId: string | null;
  readonly recurringTaskId: string | null;
  readonly pipelineRunId: string | null;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** The ids whose names appear in the plain event. */
export function namedIds({ actorKeyId, actorAgentId, taskId, agentId }: LogEntry): string[] {
  return [actorAgentId ?? actorKeyId, taskId, agentId].filter((id) => id !== null);
}

/**
 * @param names - the names of all ids that `namedIds` returns.
 * @param seesDependency - whether the reader may see the task that the payload names.
 */
export function toPlainEvent(
  entry: LogEntry,
  names: ReadonlyMap<string, string>,
  seesDependency: boolean,
): PlainEvent {
  const { taskId, agentId, runId, reviewId, commentId, keyId, recurringTaskId, pipelineRunId } = entry;
  const nameOf = (id: string) => names.get(id) ?? '';
  const actorId = entry.actorAgentId ?? entry.actorKeyId;
  return {
    id: idOfEvent(entry),
    cursor: formatLogCursor(entry.id),
    type: entry.type,
    at: entry.at.toISOString(),
    actor:
      actorId === null
        ? { id: 'system', displayName: 'System' }
        : { id: actorId, displayName: nameOf(actorId) },
    task: taskId === null ? null : { id: taskId, ref: nameOf(taskId) },
    agent: agentId === null ? null : { id: agentId, name: nameOf(agentId) },
    runId,
    reviewId,
    commentId,
    keyId,
    recurringTaskId,
    pipelineRunId,
    payload: toPlainPayload(entry, seesDependency),
  };
}

/** Copies only the documented fields, so that no other field is sent. */
function toPlainPayload(entry: LogEntry, seesDependency: boolean): Record<string, unknown> {
  const payload = payloadOf(entry);
  const fields = isEventType(entry.type) ? listPayloadFields(entry.type) : [];
  const shown = fields.filter(
    (name) => payload[name] !== undefined && (name !== 'dependencyId' || seesDependency),
  );
  return Object.fromEntries(shown.map((name) => [name, payload[name]]));
}
