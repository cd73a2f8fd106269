import {
  AttentionChangedDocument,
  type AttentionChangedSubscription,
  OverviewChangesDocument,
  type OverviewChangesSubscription,
  TaskChangesDocument,
  type TaskChangesSubscription,
  type TaskChangesSubscriptionVariables,
  TasksChangedDocument,
  type TasksChangedSubscription,
  type TasksChangedSubscriptionVariables,
} from '../../generated/operations.js';
import { toTooOld } from '../errors/to-too-old.js';
import { type FollowOptions, followEvents, followState } from './follow.js';
import type { Subscribe } from './transport.js';

interface Options {
  readonly signal?: AbortSignal | undefined;
}

/** The methods of the client that follow what happens. Nothing is sent until the iterable is read. */
export function createFollowers(subscribe: Subscribe) {
  const subscribeToOwn = withTooOld(subscribe);
  return {
    followEvents: (options: FollowOptions = {}) => followEvents(subscribeToOwn, options),
    followOverview: ({ signal }: Options = {}) =>
      rootsOf<OverviewChangesSubscription['overview']>(
        followState(subscribeToOwn, { query: OverviewChangesDocument, variables: {} }, signal),
      ),
    followAttention: ({ signal }: Options = {}) =>
      rootsOf<AttentionChangedSubscription['needsAttention']>(
        followState(subscribeToOwn, { query: AttentionChangedDocument, variables: {} }, signal),
      ),
    followTask: (variables: TaskChangesSubscriptionVariables, { signal }: Options = {}) =>
      rootsOf<TaskChangesSubscription['task']>(
        followState(subscribeToOwn, { query: TaskChangesDocument, variables }, signal),
      ),
    followTasks: (variables: TasksChangedSubscriptionVariables = {}, { signal }: Options = {}) =>
      rootsOf<TasksChangedSubscription['tasks']>(
        followState(subscribeToOwn, { query: TasksChangedDocument, variables }, signal),
      ),
    subscribe: (query: string, variables: object = {}, { signal }: Options = {}) =>
      followState(subscribe, { query, variables }, signal),
  };
}

/** For the package's own documents, which only an older server refuses. */
function withTooOld(subscribe: Subscribe): Subscribe {
  return (operation, sink) =>
    subscribe(operation, {
      next: sink.next,
      end: (error) => sink.end(error === null ? null : toTooOld(error)),
    });
}

async function* rootsOf<Root>(results: AsyncIterable<object>): AsyncGenerator<Root, void, undefined> {
  for await (const result of results) yield Object.values(result)[0] as Root;
}
