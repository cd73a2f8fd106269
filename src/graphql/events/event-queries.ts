import type { ListReader } from '../../domain/list-reader.js';
import type { LogEntry } from '../../feed/hub.js';
import { openEvents, openEventsOfTasks } from '../../services/events/read-events.js';
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

// An interface serves as well as the object types that the parameter asks for.
const EventConnection = defineConnection<LogEntry>('Event', EventInterface as never);

builder.queryField('events', (t) =>
  t.field({
    type: EventConnection,
    description:
      'The log, oldest first, as far as this key may see it. An event appears when every transaction older than its own has ended, so none is ever inserted before one that was read.',
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

builder.prismaObjectField(TaskType, 'events', (t) =>
  t.field({
    type: EventConnection,
    args: connectionArgs,
    description: 'Its part of the log, oldest first.',
    resolve: (task, args, context) =>
      connectChildren(context, 'events', task.id, args, openEventsOfTasks(context.services)),
  }),
);

/** A list whose slices refuse expired cursors in the API's words. */
function refusing(reader: ListReader<LogEntry>): ListReader<LogEntry> {
  return {
    ...reader,
    slice: (page) =>
      reader.slice(page).catch((error: unknown) => {
        throw toStreamError(error);
      }),
  };
}
