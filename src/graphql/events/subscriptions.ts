import type { LogEntry } from '../../feed/hub.js';
import { listStreamedEvents } from '../../services/events/streamed-events.js';
import { readDatabaseTime } from '../../services/ops/read-database-time.js';
import { MAX_WATCHES_PER_KEY } from '../../services/quotas.js';
import { nameOf } from '../../services/refs.js';
import { findTaskByRef } from '../../services/tasks/read-tasks.js';
import { MAX_WATCHED } from '../../services/tasks/watch-tasks.js';
import { AttentionSummaryType } from '../attention/attention-queries.js';
import { watchAttention } from '../attention/live-attention.js';
import { badUserInput, forbidden } from '../base/protocol-errors.js';
import { TaskRefInput } from '../base/refs.js';
import { getTask } from '../base/row-loads.js';
import { builder } from '../builder.js';
import { watchOverview } from '../ops/live-overview.js';
import { OverviewType } from '../ops/overview.js';
import { TaskType } from '../tasks/task.js';
import { TaskChangeType } from '../tasks/task-change.js';
import { TaskFilterInput } from '../tasks/task-filter.js';
import { EventInterface } from './event.js';
import { EventFilterInput, parseEventFilter } from './event-filter.js';
import { createStream, itemOf } from './stream.js';
import { refusing } from './stream-errors.js';
import { createStreamStart } from './stream-start.js';
import { watchFilter } from './watch-filter.js';

builder.subscriptionType({
  description:
    'Live updates over WebSocket (graphql-transport-ws) and Server-Sent Events. A stream ends when its API key is revoked or expires.',
  fields: (t) => ({
    events: t.field({
      type: EventInterface,
      description:
        'The events that this key may see, in log order. With `after`, the stream replays all later events and then continues live; without it, the stream begins now.',
      args: {
        after: t.arg({ type: 'Cursor', description: 'The cursor of the last processed event.' }),
        filter: t.arg({ type: EventFilterInput, description: 'Which events; all if unset.' }),
        startCursor: t.arg.boolean({
          defaultValue: false,
          description:
            'Whether the first item is a StreamStartedEvent with the cursor from which the stream delivers. A client that loses its stream before the first event can then resume it.',
        }),
      },
      subscribe: async (_root, { after, filter, startCursor }, context) => {
        const { feed, services, viewer } = context;
        const wanted = await parseEventFilter(context, filter);
        // Without `after` the feed would begin at its end, and the cursor of that position would be unknown.
        const end = after == null && startCursor ? (await feed.readBounds()).end : undefined;
        const begin = after == null ? end : await refusing(() => feed.locate(after));
        const at = startCursor ? await readDatabaseTime(services) : null;
        const from = await refusing(() => feed.subscribe({ after: begin, filter: wanted }));
        return createStream(context, {
          from,
          first: at && begin !== undefined ? [createStreamStart(begin, feed.position(), at)] : [],
          toItems: (entries) => listStreamedEvents(services, viewer, entries),
        });
      },
      resolve: itemOf,
    }),

    task: t.field({
      type: TaskType,
      description:
        'The task at once, then after each change; changes in quick succession are combined. The stream ends when this key may no longer see the task.',
      args: { ref: t.arg({ type: TaskRefInput, required: true, description: 'The task.' }) },
      subscribe: async (_root, { ref }, context) => {
        const { feed, services, viewer } = context;
        const task = await findTaskByRef(services, viewer, ref, []);
        if (task === null) throw badUserInput(`There is no task ${nameOf(ref)} that this API key may see.`);
        const from = await refusing(() => feed.subscribe({ filter: { taskId: task.id } }));
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

    tasks: t.field({
      type: TaskChangeType,
      description: `A task that enters the filter, changes in it or leaves it, after each change; changes in quick succession are combined. With \`overdue\` or \`waitingOn\` in the filter, also a task that enters or leaves it as time passes, or as what it waits for changes. The filter may match at most ${MAX_WATCHED} tasks at the start, and a key may have at most ${MAX_WATCHES_PER_KEY} such streams open at each server process.`,
      args: { filter: t.arg({ type: TaskFilterInput, description: 'Which tasks; all if unset.' }) },
      subscribe: (_root, { filter }, context) => watchFilter(context, filter ?? {}),
      resolve: itemOf,
    }),

    overview: t.field({
      type: OverviewType,
      description:
        'Counts for a dashboard: at once, then after a change, at most once per second. Not available to keys of agents.',
      // Pothos checks scopes when it resolves a value, which is too late to refuse the stream.
      subscribe: (_root, _args, context) => {
        if (context.viewer.agentId !== null) throw forbidden('Subscription.overview');
        return createStream(context, {
          from: watchOverview(context),
          toItems: async (overview) => [overview],
        });
      },
      resolve: itemOf,
    }),

    needsAttention: t.field({
      type: AttentionSummaryType,
      description:
        'The counts of what a person has to look at: at once, then after each change. Not available to keys of agents.',
      subscribe: (_root, _args, context) => {
        if (context.viewer.agentId !== null) throw forbidden('Subscription.needsAttention');
        return createStream(context, {
          from: watchAttention(context),
          toItems: async (summary) => [summary],
        });
      },
      resolve: itemOf,
    }),
  }),
});

/** An item of a task's stream: the task at the start, or a log entry, which all its subscribers share. */
type TaskMoment = Pick<LogEntry, 'taskId'>;

function taskIdOf({ taskId }: TaskMoment): string {
  if (taskId === null) throw new Error('The stream of a task contains an entry without a task');
  return taskId;
}
