import {
  OverviewChangesDocument,
  type OverviewChangesSubscription,
  TaskChangesDocument,
  type TaskChangesSubscription,
  type TaskChangesSubscriptionVariables,
} from '../../generated/operations.js';
import { type FollowOptions, followEvents, followState } from './follow.js';
import type { Subscribe } from './transport.js';

interface Options {
  readonly signal?: AbortSignal | undefined;
}

/** The methods of the client that follow what happens. Nothing is sent until the iterable is read. */
export function createFollowers(subscribe: Subscribe) {
  return {
    followEvents: (options: FollowOptions = {}) => followEvents(subscribe, options),
    followOverview: ({ signal }: Options = {}) =>
      rootsOf<OverviewChangesSubscription['overview']>(
        followState(subscribe, { query: OverviewChangesDocument, variables: {} }, signal),
      ),
    followTask: (variables: TaskChangesSubscriptionVariables, { signal }: Options = {}) =>
      rootsOf<TaskChangesSubscription['task']>(
        followState(subscribe, { query: TaskChangesDocument, variables }, signal),
      ),
    subscribe: (query: string, variables: object = {}, { signal }: Options = {}) =>
      followState(subscribe, { query, variables }, signal),
  };
}

async function* rootsOf<Root>(results: AsyncIterable<object>): AsyncGenerator<Root, void, undefined> {
  for await (const result of results) yield Object.values(result)[0] as Root;
}
