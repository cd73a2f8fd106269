import type { EventType } from '../domain/events/event-types.js';
import { formatLogCursor } from '../domain/events/log-cursor.js';
import {
  checkReachable,
  LOG_START,
  type LogBounds,
  type LogPosition,
} from '../domain/events/log-position.js';
import { type Clock, systemClock } from '../kernel/clock.js';
import type { Instrument } from '../kernel/instrument.js';
import type { Database } from '../postgres/database.js';
import { type LogFilter, type LogRow, readLog, readLogBounds } from '../store/events/event-log.js';
import type { RelaySink } from './relay.js';
import { StreamInterrupted } from './stream-interrupted.js';
import { Subscription, type SubscriptionLimits, type SubscriptionSource } from './subscription.js';

/** One entry of the log, as Prisma reads it too. */
export type LogEntry = LogRow;

/** Which entries a subscriber wants; a part that is left out lets all through. */
export type EntryFilter = LogFilter;

export interface SubscribeOptions {
  /** Everything later is delivered. Left out, the stream begins now. */
  readonly after?: LogPosition | undefined;
  readonly filter?: EntryFilter | undefined;
  /** Ends the stream when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** The events of this and every other process, after their commit and in the order of the log. */
export interface Feed {
  /**
   * Resolves when the stream has begun: what commits from then on is delivered. Each entry comes once and in order.
   *
   * @throws CursorExpired if what follows `after` has been pruned, or `after` is no place of this log.
   * @throws StreamInterrupted while the server is stopping.
   */
  subscribe(options: SubscribeOptions): Promise<AsyncIterableIterator<readonly LogEntry[]>>;
  /**
   * Calls the listener with the entries of these types that are read from now on; returns the function that removes it. It
   * must not throw and must not wait. What was pruned before this process could read it is not passed on.
   */
  onEntries(types: readonly EventType[], listener: (entries: readonly LogEntry[]) => void): () => void;
  /** Calls `onEnd` once, within a second, when the key is revoked or expires; returns the function that stops watching. */
  watchKey(keyId: string, onEnd: () => void): () => void;
  /** Up to here everything was passed on. */
  position(): LogPosition;
  /** Where the readable log begins and ends now. */
  readBounds(): Promise<LogBounds>;
}

export interface HubOptions {
  readonly database: Database;
  readonly instrument: Instrument;
  readonly clock?: Clock;
  readonly limits?: SubscriptionLimits;
}

interface Listener {
  readonly types: readonly EventType[];
  readonly notice: (entries: readonly LogEntry[]) => void;
}

/** Passes what the relay reads on to everybody in this process. */
export interface Hub extends Omit<Feed, 'watchKey'>, RelaySink {
  /** Ends every stream, telling each reader from where to go on elsewhere, and takes no more. */
  stop(): void;
}

/** Bounds that hold a reader of nothing at some hundred kilobytes. */
const LIMITS: SubscriptionLimits = { queueSize: 1_000, patienceMs: 10_000 };

/** Entries looked at in one statement of a replay. */
const REPLAY_BATCH = 500;

export function createHub({ database, instrument, clock = systemClock, limits = LIMITS }: HubOptions): Hub {
  const subscriptions = new Set<Subscription>();
  const listeners = new Set<Listener>();
  let position = LOG_START;
  let isStopping = false;

  const source: SubscriptionSource = {
    clock,
    limits,
    position: () => position,
    read: (after, filter) => readLog(database.pool, { after, limit: REPLAY_BATCH, filter }),
    leave: (subscription) => subscriptions.delete(subscription),
  };

  function tell({ types, notice }: Listener, entries: readonly LogEntry[]): void {
    const wanted = entries.filter(({ type }) => types.some((each) => each === type));
    try {
      if (wanted.length > 0) notice(wanted);
    } catch (error) {
      // The other readers must get theirs.
      instrument.emit('error', 'feed.listener_failed', 'A listener of the event log threw', { error });
    }
  }

  return {
    async subscribe({ after, filter = {}, signal }) {
      const bounds = await readLogBounds(database.pool);
      if (after !== undefined) checkReachable(after, bounds);
      if (isStopping) throw new StreamInterrupted('SERVER_STOPPING', formatLogCursor(after ?? bounds.end));
      const subscription = new Subscription(source, after ?? bounds.end, filter);
      subscriptions.add(subscription);
      endOnAbort(subscription, signal);
      return subscription;
    },
    onEntries(types, notice) {
      const listener = { types, notice };
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    position: () => position,
    readBounds: () => readLogBounds(database.pool),
    begin(start) {
      position = start;
    },
    wanted: () =>
      subscriptions.size > 0 ? {} : { types: [...new Set([...listeners].flatMap(({ types }) => types))] },
    accept(page) {
      position = page.upTo;
      for (const listener of listeners) tell(listener, page.rows);
      for (const subscription of subscriptions) subscription.offer(page);
    },
    skip(begin) {
      position = begin;
      for (const subscription of subscriptions) subscription.skip(begin);
    },
    stop() {
      isStopping = true;
      for (const subscription of subscriptions) subscription.interrupt('SERVER_STOPPING');
    },
  };
}

function endOnAbort(subscription: Subscription, signal: AbortSignal | undefined): void {
  if (signal?.aborted) void subscription.return();
  else signal?.addEventListener('abort', () => void subscription.return(), { once: true });
}
