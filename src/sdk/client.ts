import type {
  AttentionChangedSubscription,
  OverviewChangesSubscription,
  TaskChangesSubscription,
  TaskChangesSubscriptionVariables,
  TasksChangedSubscription,
  TasksChangedSubscriptionVariables,
  TypedDocument,
} from '../generated/operations.js';
import { type Caller, type CallerOptions, type CallOptions, createCaller } from './http/caller.js';
import { mapValues, toList, toMethod } from './methods.js';
import type { Operation } from './operations/operation.js';
import type { PagedOperation, Pages } from './operations/pages.js';
import { calls, lists } from './operations/table.js';
import type { FollowOptions, LogEvent } from './streams/follow.js';
import { createFollowers } from './streams/followers.js';
import type { StreamNotice } from './streams/notices.js';
import { subscribeOverSocket, type WebSocketClass } from './streams/socket.js';
import { subscribeOverSse } from './streams/sse.js';
import type { Subscribe } from './streams/transport.js';

/** What a client needs to know. */
export interface ClientOptions extends CallerOptions {
  /**
   * The WebSocket class for subscriptions, such as that of the package `ws`; the global one if left out. Where there is
   * none, as in Node 20, subscriptions are server-sent events over one connection each.
   */
  readonly WebSocket?: WebSocketClass;
}

/** An argument that may be left out when no field of it is required. */
type Rest<Argument> =
  Record<never, never> extends Argument
    ? [argument?: Argument, options?: CallOptions]
    : [argument: Argument, options?: CallOptions];

/** An operation without variables takes the options alone. */
type RestOfCall<Argument> = string extends keyof Argument ? [options?: CallOptions] : Rest<Argument>;

type Calls = {
  readonly [Name in keyof CallTable]: CallTable[Name] extends Operation<infer Argument, infer Output>
    ? (...rest: RestOfCall<Argument>) => Promise<Output>
    : never;
};

type Lists = {
  readonly [Name in keyof ListTable]: ListTable[Name] extends PagedOperation<infer Variables, infer Node>
    ? (...rest: Rest<Variables>) => Pages<Node>
    : never;
};

type CallTable = typeof calls;
type ListTable = typeof lists;

/** A typed client of one server, with one method for each operation. It holds no connection and needs no closing. */
export interface Client extends Calls, Lists {
  /**
   * Executes a document of your own and answers with its data. Its payloads may contain `errors`. A query is repeated when
   * the connection breaks; a mutation only when the server cannot have executed it.
   */
  request<Result, Variables extends object>(
    document: TypedDocument<Result, Variables>,
    ...rest: Rest<Variables>
  ): Promise<Result>;

  /** Every event that this key may see, once and in the order of the log, across restarts and lost connections. */
  followEvents(options?: FollowOptions): AsyncGenerator<LogEvent | StreamNotice, never, undefined>;
  /** The overview: at once, then after each change. */
  followOverview(
    options?: CallOptions,
  ): AsyncGenerator<OverviewChangesSubscription['overview'], void, undefined>;
  /** How much needs attention: at once, then after each change. */
  followAttention(
    options?: CallOptions,
  ): AsyncGenerator<AttentionChangedSubscription['needsAttention'], void, undefined>;
  /** One task: at once, then after each change. Ends when this key may no longer see it. */
  followTask(
    variables: TaskChangesSubscriptionVariables,
    options?: CallOptions,
  ): AsyncGenerator<TaskChangesSubscription['task'], void, undefined>;
  /**
   * The tasks that match a filter: each that enters it, changes in it or leaves it. The first item, and the first after a lost connection,
   * has no task: a list that is read then misses no change.
   */
  followTasks(
    variables?: TasksChangedSubscriptionVariables,
    options?: CallOptions,
  ): AsyncGenerator<TasksChangedSubscription['tasks'], void, undefined>;
  /** A subscription of your own. It is sent again after a lost connection; only `followEvents` resumes from a cursor. */
  subscribe<Result, Variables extends object>(
    document: TypedDocument<Result, Variables>,
    ...rest: Rest<Variables>
  ): AsyncGenerator<Result, void, undefined>;
}

/**
 * Makes a client. Nothing is sent yet.
 *
 * @throws TypeError when the URL is not an HTTP URL or the key is empty.
 */
export function createClient(options: ClientOptions): Client {
  const caller = createCaller(options);
  const methods = {
    ...createFollowers(subscriberOf(options, caller)),
    request: (document: string, variables: object = {}, options: CallOptions = {}) =>
      caller.request({ query: document, variables }, options),
    ...mapValues(calls, (operation, name) =>
      toMethod(operation as Operation<unknown, unknown>, caller, name),
    ),
    ...mapValues(lists, (list, name) => toList(list as PagedOperation<unknown, unknown>, caller, name)),
  };
  return methods as object as Client;
}

function subscriberOf(options: ClientOptions, { sender }: Caller): Subscribe {
  const WebSocket = options.WebSocket ?? (globalThis as { readonly WebSocket?: WebSocketClass }).WebSocket;
  return WebSocket
    ? subscribeOverSocket(sender.endpoint, options.apiKey, WebSocket)
    : subscribeOverSse(sender);
}
