import type { TaskFilter } from '../../domain/tasks/task-filter.js';
import type { LogEntry } from '../../feed/hub.js';
import { toPullStream } from '../../kernel/pull-stream.js';
import { RING, RungStream } from '../../kernel/rung-stream.js';
import { dependenceOf } from '../../services/tasks/read-passing-time.js';
import { type TaskWatch, watchTasks } from '../../services/tasks/watch-tasks.js';
import { refuseInvalidList } from '../base/connection.js';
import type { GraphqlContext } from '../context.js';
import { watchTime } from '../tasks/live-time.js';
import { WATCH_BEGUN, type WatchedChange } from '../tasks/task-change.js';
import { createStream } from './stream.js';
import { refusing } from './stream-errors.js';

type Entries = readonly LogEntry[];

/**
 * The stream of `Subscription.tasks`: the events of the log say which tasks to look at. A filter that depends on more than the tasks is
 * looked at as a whole when that may have changed.
 *
 * @throws GraphQLError if the filter is not valid or too many tasks match it, or the key has too many such streams.
 */
export async function watchFilter(context: GraphqlContext, filter: TaskFilter) {
  const { feed, services, viewer, signal } = context;
  const endQuota = await refusing(() => services.quotas.beginWatch(viewer));
  // A client may have left while its request waited: then there is no event any more.
  if (signal.aborted) endQuota();
  else signal.addEventListener('abort', endQuota, { once: true });
  // Before the tasks are read: a change meanwhile is delivered once more rather than not at all.
  const entries = toPullStream<Entries>(await refusing(() => feed.subscribe({ filter: {} })));
  const { from, lookAgain } = withTime(context, filter, entries);
  const watch = await watchTasks(services, viewer, filter).catch(async (error: unknown) => {
    await from.return();
    return refuseInvalidList(error);
  });
  return createStream<Entries | typeof RING, WatchedChange>(context, {
    from,
    first: [WATCH_BEGUN],
    toItems: (input) => {
      if (input === RING) return lookAgain(watch);
      const ids = input.flatMap(({ taskId }) => taskId ?? []);
      return ids.length === 0 ? [] : watch.look(ids);
    },
  });
}

/** The entries, with a ring in between whenever the whole filter has to be looked at again. */
function withTime(
  context: GraphqlContext,
  filter: TaskFilter,
  entries: ReturnType<typeof toPullStream<Entries>>,
) {
  const dependence = dependenceOf(filter);
  const isTimeless = !dependence.onDueDates && !dependence.onWaits;
  if (isTimeless) return { from: entries, lookAgain: () => [] };
  const from = new RungStream<Entries>(entries, () => time.end());
  const time = watchTime(context, dependence, () => from.ring());
  return { from, lookAgain: (watch: TaskWatch) => time.inTurn(() => watch.lookAgain()) };
}
