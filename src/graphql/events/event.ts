import { brandWithType } from '@pothos/core';
import { AGENT_STATUSES } from '../../domain/agents/status.js';
import { formatEventId, parseEventId } from '../../domain/events/event-id.js';
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

// The ids of entries are numbers inside; the field below writes them as all others.
const Node = NodeInterface as never;

export const EventInterface = builder.interfaceRef<LogEntry>('Event').implement({
  description:
    'One entry of the append-only log. `cursor` resumes both Query.events and Subscription.events.',
  interfaces: [Node],
  resolveType: typeNameOf,
  fields: (t) => ({
    id: t.id({
      description: 'Opaque; never changes and is never used again.',
      resolve: (event) => formatEventId(event.id),
    }),
    cursor: t.field({
      type: 'Cursor',
      description: 'Its place in the log: given as `after`, everything later follows.',
      resolve: formatLogCursor,
    }),
    type: t.exposeString('type', { description: 'Dotted name: task.status_changed.' }),
    actor: t.field({
      type: ActorInterface,
      description: 'Who did it.',
      resolve: (event, _args, context, info) =>
        loadActor(context, info, event.actorKeyId, event.actorAgentId),
    }),
    at: t.expose('at', { type: 'DateTime', description: 'When its transaction began.' }),
  }),
});

export function typeNameOf({ type }: LogEntry): EventGraphqlType {
  if (!isEventType(type)) throw new Error(`The log has an event of the unknown type ${type}`);
  return EVENT_KINDS[type].graphqlType;
}

registerNode('evt', 'Event', async (context, _info, id) => {
  const number = parseEventId(id);
  const event = number === null ? null : await findEvent(context.services, context.viewer, number);
  if (event === null) return null;
  // Its type can't be told from its id.
  brandWithType(event, typeNameOf(event) as never);
  return event as never;
});

/** What every type of event implements. */
export const ofEvent = [Node, EventInterface];

/** What an event says beyond ids; every field may be missing. */
export function payloadOf({ payload }: LogEntry): EventPayload {
  return toJsonObject(payload);
}

builder.objectRef<LogEntry>('AgentEvent').implement({
  description: 'An agent registered, changed, came or went.',
  interfaces: ofEvent,
  fields: (t) => ({
    agent: t.field({
      type: AgentType,
      nullable: true,
      description: 'The agent as it is now.',
      resolve: ({ agentId }, _args, context, info) =>
        agentId === null ? null : loadAgent(context, info, agentId),
    }),
    from: t.field({
      type: AgentStatusEnum,
      nullable: true,
      description: 'Its status before, with agent.status_changed.',
      resolve: (event) => AGENT_STATUSES.find((status) => status === payloadOf(event).from) ?? null,
    }),
    to: t.field({
      type: AgentStatusEnum,
      nullable: true,
      description: 'Its status from then on, with agent.status_changed.',
      resolve: (event) => AGENT_STATUSES.find((status) => status === payloadOf(event).to) ?? null,
    }),
  }),
});

builder.objectRef<LogEntry>('ApiKeyEvent').implement({
  description: 'An API key was created or revoked. Admins alone see these.',
  interfaces: ofEvent,
  fields: (t) => ({
    apiKey: t.field({
      type: ApiKeyType,
      nullable: true,
      description: 'The key as it is now.',
      resolve: ({ keyId }, _args, context) => (keyId === null ? null : loadRow(context, 'ApiKey', keyId)),
    }),
  }),
});

builder.objectRef<LogEntry>('SchedulerEvent').implement({
  description: 'A job of the scheduler was paused or resumed.',
  interfaces: ofEvent,
  fields: (t) => ({
    job: t.string({
      nullable: true,
      description: 'Its name.',
      resolve: (event) => payloadOf(event).job ?? null,
    }),
    message: t.string({
      nullable: true,
      description: 'What happened, for people.',
      resolve: (event) => payloadOf(event).message ?? null,
    }),
  }),
});
