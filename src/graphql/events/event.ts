import { brandWithType } from '@pothos/core';
import { AGENT_STATUSES } from '../../domain/agents/status.js';
import { idOfEvent, parseEventId } from '../../domain/events/event-id.js';
import {
  EVENT_KINDS,
  type EventGraphqlType,
  type EventPayload,
  isEventType,
} from '../../domain/events/event-types.js';
import { formatLogCursor } from '../../domain/events/log-cursor.js';
import type { LogEntry } from '../../feed/hub.js';
import { findEvent } from '../../services/events/read-events.js';
import { AgentType } from '../agents/agent.js';
import { AgentStatusEnum } from '../base/enums.js';
import { toJsonObject } from '../base/json-object.js';
import { NodeInterface, registerNode } from '../base/node.js';
import { loadAgent, loadRow } from '../base/row-loads.js';
import { builder } from '../builder.js';
import { ApiKeyType } from '../keys/api-key.js';
import { ActorInterface, loadActor } from './actor.js';
import { behindOf, idOfStreamStart, isStreamStart } from './stream-start.js';

// The id of a log entry is a number where Node expects a string; the `id` field of Event formats it.
const Node = NodeInterface as never;

export const EventInterface = builder.interfaceRef<LogEntry>('Event').implement({
  description:
    'One entry of the append-only event log. Its `cursor` resumes both Query.events and Subscription.events.',
  interfaces: [Node],
  resolveType: typeNameOf,
  fields: (t) => ({
    id: t.id({
      description: 'Opaque. Never changes and is never reused.',
      resolve: (event) => (isStreamStart(event) ? idOfStreamStart(event) : idOfEvent(event)),
    }),
    cursor: t.field({
      type: 'Cursor',
      description: 'The position in the log. Pass it as `after` to get all later events.',
      resolve: ({ id }) => formatLogCursor(id),
    }),
    type: t.exposeString('type', { description: 'A dotted name, such as task.status_changed.' }),
    actor: t.field({
      type: ActorInterface,
      description: 'Who caused the event.',
      resolve: (event, _args, context, info) =>
        loadActor(context, info, event.actorKeyId, event.actorAgentId),
    }),
    at: t.expose('at', { type: 'DateTime', description: 'When the transaction of the event began.' }),
  }),
});

const STREAM_STARTED_TYPE = 'StreamStartedEvent';

/** The GraphQL type of a log entry. */
export function typeNameOf({ type }: LogEntry): EventGraphqlType | typeof STREAM_STARTED_TYPE {
  if (isStreamStart({ type })) return STREAM_STARTED_TYPE;
  if (!isEventType(type)) throw new Error(`The log contains an event of the unknown type ${type}`);
  return EVENT_KINDS[type].graphqlType;
}

registerNode('evt', 'Event', async (context, _info, id) => {
  const number = parseEventId(id);
  const event = number === null ? null : await findEvent(context.services, context.viewer, number);
  if (event === null) return null;
  // All events share one id prefix, so the type is attached to the row.
  // Both casts: the builder does not know the names of its types, and the `id` field of Event formats the numeric id.
  brandWithType(event, typeNameOf(event) as never);
  return event as never;
});

/** The interfaces of every event type. */
export const eventInterfaces = [Node, EventInterface];

/** The fields of an event other than ids; each may be missing. */
export function payloadOf({ payload }: LogEntry): EventPayload {
  return toJsonObject(payload);
}

builder.objectRef<LogEntry>(STREAM_STARTED_TYPE).implement({
  description:
    'The first item of Subscription.events with `startCursor: true`: the stream delivers all events after its cursor. It is not part of the log, and `node` does not find it.',
  interfaces: eventInterfaces,
  fields: (t) => ({
    behind: t.int({
      description:
        'How many entries the log has after the cursor: what a client has missed. The stream delivers those of them that this key may see and that match the filter.',
      resolve: behindOf,
    }),
  }),
});

builder.objectRef<LogEntry>('AgentEvent').implement({
  description: 'An agent registered, was changed, or changed its status.',
  interfaces: eventInterfaces,
  fields: (t) => ({
    agent: t.field({
      type: AgentType,
      nullable: true,
      description: 'The current agent.',
      resolve: ({ agentId }, _args, context, info) =>
        agentId === null ? null : loadAgent(context, info, agentId),
    }),
    fromStatus: t.field({
      type: AgentStatusEnum,
      nullable: true,
      description: 'The previous status, for agent.status_changed.',
      resolve: (event) => agentStatusIn(event, 'from'),
    }),
    toStatus: t.field({
      type: AgentStatusEnum,
      nullable: true,
      description: 'The new status, for agent.status_changed.',
      resolve: (event) => agentStatusIn(event, 'to'),
    }),
    from: t.field({
      type: AgentStatusEnum,
      nullable: true,
      description: 'The same as fromStatus.',
      deprecationReason: 'Use fromStatus: TaskStatusChangedEvent has a `from` of another type.',
      resolve: (event) => agentStatusIn(event, 'from'),
    }),
    to: t.field({
      type: AgentStatusEnum,
      nullable: true,
      description: 'The same as toStatus.',
      deprecationReason: 'Use toStatus: TaskStatusChangedEvent has a `to` of another type.',
      resolve: (event) => agentStatusIn(event, 'to'),
    }),
  }),
});

builder.objectRef<LogEntry>('ApiKeyEvent').implement({
  description: 'An API key was created or revoked. Only admins see these events.',
  interfaces: eventInterfaces,
  fields: (t) => ({
    apiKey: t.field({
      type: ApiKeyType,
      nullable: true,
      description: 'The current key.',
      resolve: ({ keyId }, _args, context) => (keyId === null ? null : loadRow(context, 'ApiKey', keyId)),
    }),
  }),
});

builder.objectRef<LogEntry>('SchedulerEvent').implement({
  description: 'A scheduler job was paused or resumed.',
  interfaces: eventInterfaces,
  fields: (t) => ({
    job: t.string({
      nullable: true,
      description: 'The name of the job.',
      resolve: (event) => payloadOf(event).job ?? null,
    }),
    message: t.string({
      nullable: true,
      description: 'What happened, for people.',
      resolve: (event) => payloadOf(event).message ?? null,
    }),
  }),
});

function agentStatusIn(event: LogEntry, end: 'from' | 'to') {
  return AGENT_STATUSES.find((status) => status === payloadOf(event)[end]) ?? null;
}
