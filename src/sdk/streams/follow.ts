import {
  type EventFilter,
  FollowEventsDocument,
  type FollowEventsSubscription,
} from '../../generated/operations.js';
import { receive } from './buffer.js';
import { noticeOf, type StreamNotice } from './notices.js';
import { passingError, pauseBeforeAttempt } from './reconnect.js';
import type { Subscribe } from './transport.js';

/** The families of events, the part of an event's type before the dot. None of them is that of the notices of a stream. */
type EventFamily =
  | 'agent'
  | 'attention'
  | 'comment'
  | 'gateway'
  | 'key'
  | 'pipeline'
  | 'question'
  | 'recurring'
  | 'review'
  | 'run'
  | 'scheduler'
  | 'task'
  | 'webhook';

/**
 * An event of the log. `__typename` tells which fields it has. Its `type` is no literal, because a newer server may have more
 * types, and never that of a notice: `event.type === 'stream.interrupted'` and `event.__typename === 'RunEvent'` narrow alike.
 */
export type LogEvent = { readonly type: `${EventFamily}.${string}` } & Exclude<
  FollowEventsSubscription['events'],
  { readonly __typename: 'StreamStartedEvent' }
>;

/** From where events are followed, and which. */
export interface FollowOptions {
  /** Only events after this cursor; from now on if left out. */
  readonly after?: string | null | undefined;
  readonly filter?: EventFilter | null | undefined;
  /** Ends the stream: the iterable throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Every event that this key may see, once and in the order of the log, across lost connections and restarts of the server.
 * Between the events are notices of what happens to the stream itself; they have a `type` that begins with `stream.`.
 *
 * @throws what the server refuses for good: UnauthenticatedError, ForbiddenError, BadRequestError.
 */
export async function* followEvents(
  subscribe: Subscribe,
  { after, filter, signal }: FollowOptions,
): AsyncGenerator<LogEvent | StreamNotice, never, undefined> {
  let cursor = after ?? null;
  let failures = 0;
  const options = { signal, onResult: () => (failures = 0) };
  for (;;) {
    const operation = { query: FollowEventsDocument, variables: { after: cursor, filter: filter ?? null } };
    try {
      for await (const { events: event } of receive<FollowEventsSubscription>(
        subscribe,
        operation,
        options,
      )) {
        cursor = event.cursor;
        if (event.__typename !== 'StreamStartedEvent') yield event as LogEvent;
        else yield { __typename: 'StreamConnected', type: 'stream.connected', cursor, behind: event.behind };
      }
    } catch (error) {
      const notice = noticeOf(passingError(error), cursor);
      yield notice;
      // The server has nothing left of that place, so the stream begins again at the end of the log.
      if (notice.type === 'stream.cursor_expired') cursor = null;
    }
    await pauseBeforeAttempt(failures++, signal);
  }
}

/**
 * The results of a subscription that has no cursor, such as `overview`: the server sends the present state when the
 * subscription begins, so that nothing is missing after a reconnection either.
 *
 * @throws what the server refuses for good. Ends when the server completes the subscription.
 */
export async function* followState<Result>(
  subscribe: Subscribe,
  operation: { readonly query: string; readonly variables: object },
  signal: AbortSignal | undefined,
): AsyncGenerator<Result, void, undefined> {
  let failures = 0;
  for (;;) {
    try {
      const ending = yield* receive<Result>(subscribe, operation, { signal, onResult: () => (failures = 0) });
      if (ending === 'completed') return;
    } catch (error) {
      passingError(error);
    }
    await pauseBeforeAttempt(failures++, signal);
  }
}
