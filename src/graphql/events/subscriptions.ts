import { parseLogCursor } from '../../domain/events/log-cursor.js';
import type { Feed, LogEntry, SubscribeOptions } from '../../feed/hub.js';
import { listStreamedEvents } from '../../services/events/streamed-events.js';
import { nameOf } from '../../services/refs.js';
import { findTaskByRef } from '../../services/tasks/read-tasks.js';
import { badUserInput, forbidden } from '../base/protocol-errors.js';
import { TaskRefInput } from '../base/refs.js';
import { getTask } from '../base/row-loads.js';
import { builder } from '../builder.js';
import { watchOverview } from '../ops/live-overview.js';
import { OverviewType } from '../ops/overview.js';
import { TaskType } from '../tasks/task.js';
import { EventInterface } from './event.js';
import { EventFilterInput, parseEventFilter } from './event-filter.js';
import { createStream, itemOf } from './stream.js';
import { toStreamError } from './stream-errors.js';

builder.subscriptionType({
  description:
    'What happens, live, over WebSocket (graphql-transport-ws) and Server-Sent Events. A stream ends when its key does.',
  fields: (t) => ({
    events: t.field({
      type: EventInterface,
      description:
        'The durable log, in order, as far as this key may see it. `after` replays all that is later, then goes on live; without it the stream begins now.',
      args: {
        after: t.arg({ type: 'Cursor', description: 'The cursor of the last event that was dealt with.' }),
        filter: t.arg({ type: EventFilterInput, description: 'Which events; all if unset.' }),
      },
      subscribe: async (_root, { after, filter }, context) => {
        const { feed, services, viewer } = context;
        const wanted = await parseEventFilter(context, filter);
        const from = await subscribe(feed, () => ({
          after: after == null ? undefined : parseLogCursor(after),
          filter: wanted,
        }));
        return createStream(context, {
          from,
          toItems: (entries) => listStreamedEvents(services, viewer, entries),
        });
      },
      resolve: itemOf,
    }),

    task: t.field({
      type: TaskType,
      description:
        'The task at once, then after each change; several changes at a time come as one. Ends when this key may no longer see the task.',
      args: { ref: t.arg({ type: TaskRefInput, required: true, description: 'Which one.' }) },
      subscribe: async (_root, { ref }, context) => {
        const { feed, services, viewer } = context;
        const task = await findTaskByRef(services, viewer, ref, []);
        if (task === null) throw badUserInput(`There is no task ${nameOf(ref)} that this API key may see.`);
        const from = await subscribe(feed, () => ({ filter: { taskId: task.id } }));
        return createStream<readonly LogEntry[], TaskMoment>(context, {
          from,
          first: [{ taskId: task.id }],
          toItems: async (entries) => {
            const visible = await listStreamedEvents(services, viewer, entries.slice(-1));
            return visible.length > 0 ? visible : null;
          },
        });
      },
      resolve: (item, _args, context, info) => getTask(context, info, taskIdOf(itemOf(item))),
    }),

    overview: t.field({
      type: OverviewType,
      description:
        'Counts for a dashboard: at once, then at most once a second and only when something changed. Not for the keys of agents.',
      // Scopes are looked at when a value is resolved, which is too late to refuse the stream.
      subscribe: (_root, _args, context) => {
        if (context.viewer.agentId !== null) throw forbidden('Subscription.overview');
        return createStream(context, {
          from: watchOverview(context),
          toItems: async (overview) => [overview],
        });
      },
      resolve: itemOf,
    }),
  }),
});

/** The task as it is at first, or after an entry, which is the same for all who watch it. */
type TaskMoment = Pick<LogEntry, 'taskId'>;

function taskIdOf({ taskId }: TaskMoment): string {
  if (taskId === null) throw new Error('The stream of a task has an entry of none');
  return taskId;
}

/** @throws what the log says against the cursor, in the API's words. */
async function subscribe(feed: Feed, toOptions: () => SubscribeOptions): ReturnType<Feed['subscribe']> {
  try {
    return await feed.subscribe(toOptions());
  } catch (error) {
    throw toStreamError(error);
  }
}
