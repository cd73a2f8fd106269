import type { ListReader } from '../../domain/list-reader.js';
import type { LogEntry } from '../../feed/hub.js';
import { findCursorSince, openEvents, openEventsOfTasks } from '../../services/events/read-events.js';
import { connectChildren } from '../base/child-connection.js';
import { connect, connectionArgs, defineConnection } from '../base/connection.js';
import { builder } from '../builder.js';
import { TaskType } from '../tasks/task.js';
import { EventInterface } from './event.js';
import { EventFilterInput, parseEventFilter } from './event-filter.js';
import { toStreamError } from './stream-errors.js';
import '../recurring/recurring-task-event.js';
import '../pipelines/pipeline-event.js';
import './task-event.js';
import '../dispatch/gateway-event.js';
import '../attention/attention-event.js';
import '../webhooks/webhook-event.js';

const EventConnection = defineConnection<LogEntry>('Event', EventInterface);

builder.queryField('events', (t) =>
  t.field({
    type: EventConnection,
    description:
      'The events that this key may see, oldest first. An event appears shortly after the commit of its change, after everything that it depends on, and none is ever inserted before one that was already read.',
    args: {
      ...connectionArgs,
      filter: t.arg({ type: EventFilterInput, description: 'Which events; all if unset.' }),
    },
    resolve: async (_root, { filter, ...page }, context) => {
      const { services, viewer } = context;
      return connect(page, refusing(openEvents(services, viewer, await parseEventFilter(context, filter))));
    },
  }),
);

/** The complexity of a binary search in the log. */
const CURSOR_PRICE = 50;

builder.queryField('eventCursor', (t) =>
  t.field({
    type: 'Cursor',
    description:
      'The position in the log before the first event at or after an instant, for `after` of `events`. The end of the log if there is none.',
    args: { at: t.arg({ type: 'DateTime', required: true, description: 'The instant.' }) },
    complexity: { field: CURSOR_PRICE },
    resolve: (_root, { at }, { services }) => findCursorSince(services, at),
  }),
);

builder.prismaObjectField(TaskType, 'events', (t) =>
  t.field({
    type: EventConnection,
    args: connectionArgs,
    description: 'The events of the task, oldest first.',
    resolve: (task, args, context) =>
      connectChildren(context, 'events', task.id, args, openEventsOfTasks(context.services)),
  }),
);

/** A list that turns expired cursors into GraphQL errors. */
function refusing(reader: ListReader<LogEntry>): ListReader<LogEntry> {
  return {
    ...reader,
    slice: (page) =>
      reader.slice(page).catch((error: unknown) => {
        throw toStreamError(error);
      }),
  };
}
