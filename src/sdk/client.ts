import type {
  AttentionChangedSubscription,
  OverviewChangesSubscription,
  TaskChangesSubscription,
  TaskChangesSubscriptionVariables,
  TypedDocument,
} from '../generated/operations.js';
import { type Caller, type CallerOptions, createCaller } from './http/caller.js';
import type { Operation } from './operations/operation.js';
import { type PagedOperation, Pages } from './operations/pages.js';
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

/** What every method takes beside its input. */
export interface CallOptions {
  /** Ends the call: the method rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** An argument that may be left out when no field of it is required. */
type Rest<Argument> =
  Record<never, never> extends Argument
    ? [argument?: Argument, options?: CallOptions]
    : [argument: Argument, options?: CallOptions];

type Calls = {
  readonly [Name in keyof typeof calls]: (typeof calls)[Name] extends Operation<infer Argument, infer Output>
    ? (...rest: Rest<Argument>) => Promise<Output>
    : never;
};

type Lists = {
  readonly [Name in keyof typeof lists]: (typeof lists)[Name] extends PagedOperation<
    infer Variables,
    infer Node
  >
    ? (...rest: Rest<Variables>) => Pages<Node>
    : never;
};

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
    request: (document: string, variables: object = {}, { signal }: CallOptions = {}) =>
      caller.request({ query: document, variables }, signal),
    ...mapValues(calls, (operation) => toMethod(operation as Operation<unknown, unknown>, caller)),
    ...mapValues(lists, (list) => toList(list as PagedOperation<unknown, unknown>, caller)),
  };
  return methods as object as Client;
}

function subscriberOf(options: ClientOptions, { sender }: Caller): Subscribe {
  const WebSocket = options.WebSocket ?? (globalThis as { readonly WebSocket?: WebSocketClass }).WebSocket;
  return WebSocket
    ? subscribeOverSocket(sender.endpoint, options.apiKey, WebSocket)
    : subscribeOverSse(sender);
}

function toMethod(operation: Operation<unknown, unknown>, caller: Caller) {
  return async (argument: unknown = {}, { signal }: CallOptions = {}) => {
    const data = await caller.call(
      { query: operation.document, variables: operation.toVariables(argument) },
      { signal, isRepeatable: operation.isRepeatable(argument), waitMs: waitMsOf(argument) },
    );
    return operation.toOutput(data, argument);
  };
}

function toList({ document, toPage }: PagedOperation<unknown, unknown>, caller: Caller) {
  return (variables: object = {}, { signal }: CallOptions = {}) =>
    new Pages(async (after) => {
      const query = { query: document, variables: after === undefined ? variables : { ...variables, after } };
      return toPage(await caller.call(query, { signal, isRepeatable: true, waitMs: 0 }));
    });
}

/** How long the server may hold a claim, in milliseconds: the request may take as much longer. */
function waitMsOf(argument: unknown): number {
  const seconds = (argument as { readonly waitSeconds?: unknown } | null)?.waitSeconds;
  return typeof seconds === 'number' ? seconds * 1_000 : 0;
}

function mapValues<Value, Mapped>(
  record: Readonly<Record<string, Value>>,
  map: (value: Value) => Mapped,
): Record<string, Mapped> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
