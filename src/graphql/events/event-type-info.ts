import { EVENT_KINDS, type EventType, isEventType } from '../../domain/events/event-types.js';
import { builder } from '../builder.js';

const EventTypeInfoType = builder.objectRef<EventType>('EventTypeInfo').implement({
  description: 'A type of event in the log.',
  fields: (t) => ({
    id: t.id({ description: 'The name. Caches of clients need it.', resolve: (type) => type }),
    name: t.string({
      description: 'The value of Event.type and of filters: task.status_changed.',
      resolve: (type) => type,
    }),
    description: t.string({
      description: 'What such an event says.',
      resolve: (type) => EVENT_KINDS[type].meaning,
    }),
    graphqlType: t.string({
      description: 'The GraphQL type of such an event: TaskStatusChangedEvent.',
      resolve: (type) => EVENT_KINDS[type].graphqlType,
    }),
  }),
});

builder.queryField('eventTypes', (t) =>
  t.field({
    type: [EventTypeInfoType],
    description: 'Every type of event that the log may contain.',
    resolve: () => Object.keys(EVENT_KINDS).filter(isEventType),
  }),
);
