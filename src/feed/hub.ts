import type { EventType } from '../domain/events/event-types.js';
import { LOG_START, type LogBounds, type LogPosition } from '../domain/events/log-position.js';
import { type Clock, systemClock } from '../kernel/clock.js';
import type { Instrument } from '../kernel/instrument.js';
import { Unavailable } from '../kernel/unavailable.js';
import type { Database } from '../postgres/database.js';
import { type LogFilter, type LogRow, readLog, readLogBounds } from '../store/events/event-log.js';
import { checkLogPosition, locateCursor } from '../store/events/log-cursors.js';
import type { RelaySink } from './relay.js';
import { Subscription, type SubscriptionLimits, type SubscriptionSource } from './subscription.js';

/** One entry of the log, in the shape that Prisma reads. */
export type LogEntry = LogRow;

/** The entries that a subscriber wants. A field that is left out does not filter. */
export type EntryFilter = LogFilter;

/** Where a stream begins, what it delivers and when it ends. */
export interface SubscribeOptions {
  /** All later entries are delivered. Without a position the stream begins now. */
  readonly after?: LogPosition | undefined;
  readonly filter?: EntryFilter | undefined;
}

/** The committed events of all processes, in the order of the log. */
export interface Feed {
  /**
   * Resolves when the stream has begun. Entries that commit from then on are delivered, each once and in order.
   *
   * @throws CursorExpired if entries after `after` were pruned, or `after` is not a position of this log.
   * @throws Unavailable when the feed has stopped.
   */
  subscribe(options: SubscribeOptions): Promise<AsyncIterableIterator<readonly LogEntry[]>>;
  /**
   * Calls the listener with the entries of these types that this process reads from now on. Returns the function that
   * removes it. The listener must not throw and must not wait. Entries that were pruned before this process read them are
   * not delivered.
   */
  onEntries(types: readonly EventType[], listener: (entries: readonly LogEntry[]) => void): () => void;
  /** Calls `onEnd` once, within a second after the key is revoked or expires. Returns the function that stops watching. */
  watchKey(keyId: string, onEnd: () => void): () => void;
  /** The position up to which all entries were delivered. */
  position(): LogPosition;
  /** The current begin and end of the readable log. */
  readBounds(): Promise<LogBounds>;
  /**
   * The position of a client's cursor.
   *
   * @throws InvalidList for a text that is not a cursor of the log.
   * @throws CursorExpired for a cursor from before positions existed whose event is not in the log any more.
   */
  locate(cursor: string): Promise<LogPosition>;
  /** @throws CursorExpired if a reader that begins at the position would miss entries. */
  check(position: LogPosition): Promise<void>;
}

/** What a hub needs. */
export interface HubOptions {
  readonly database: Database;
  readonly instrument: Instrument;
  readonly clock?: Clock;
  readonly processClock?: Clock;
  readonly limits?: SubscriptionLimits;
}

interface Listener {
  readonly types: readonly EventType[];
  readonly notice: (entries: readonly LogEntry[]) => void;
}

/** Passes the entries that the relay reads to the subscribers and listeners of this process. */
export interface Hub extends Omit<Feed, 'watchKey'>, RelaySink {
  /** Completes every stream, and refuses new ones. The server has told its clients before that it stops. */
  stop(): void;
}

/** Limits that cap a subscriber that never reads at a few hundred kilobytes. */
const LIMITS: SubscriptionLimits = { queueSize: 1_000, stallTimeoutMs: 10_000 };

/**
 * Entries that one statement of a replay examines: `most` with few subscriptions. Each replay keeps the entries that it has
 * read and not delivered, and 3,000 replays of 500 entries filled 500 MB, so many subscriptions share `kept`.
 */
const REPLAY_BATCH = { most: 500, least: 10, kept: 40_000 };

function replayBatch(subscriptions: number): number {
  const { most, least, kept } = REPLAY_BATCH;
  return Math.max(least, Math.min(most, Math.floor(kept / subscriptions)));
}

/** Creates the hub of a process. The relay calls `begin` before it delivers entries. */
export function createHub({
  database,
  instrument,
  clock = systemClock,
  processClock = systemClock,
  limits = LIMITS,
}: HubOptions): Hub {
  const subscriptions = new Set<Subscription>();
  const listeners = new Set<Listener>();
  let position = LOG_START;
  let isStopping = false;
  let lastTickMs = processClock.now();

  const source: SubscriptionSource = {
    clock,
    limits,
    position: () => position,
    // Not with the relay's connections: many subscribers that resume must not delay it.
    read: (after, filter) =>
      readLog(database.readPool, { after, limit: replayBatch(subscriptions.size), filter }),
    leave: (subscription) => subscriptions.delete(subscription),
  };

  function excuseAll(): void {
    for (const subscription of subscriptions) subscription.excuse();
  }

  function notify({ types, notice }: Listener, entries: readonly LogEntry[]): void {
    const wanted = entries.filter(({ type }) => types.some((each) => each === type));
    try {
      if (wanted.length > 0) notice(wanted);
    } catch (error) {
      // A mistake of one listener must not affect the others.
      instrument.emit('error', 'feed.listener_failed', 'A listener of the event log threw', { error });
    }
  }

  return {
    async subscribe({ after, filter = {} }) {
      const begin = after ?? (await readLogBounds(database.readPool)).end;
      if (after !== undefined) await checkLogPosition(database.readPool, after);
      if (isStopping) throw new Unavailable('The server is stopping.');
      const subscription = new Subscription(source, begin, filter);
      subscriptions.add(subscription);
      return subscription;
    },
    onEntries(types, notice) {
      const listener = { types, notice };
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    position: () => position,
    readBounds: () => readLogBounds(database.readPool),
    check: (position) => checkLogPosition(database.readPool, position),
    locate: (cursor) => locateCursor(database.readPool, cursor),
    tick() {
      const now = processClock.now();
      // The process stood still, such as on a laptop that slept: its subscribers could not request anything meanwhile.
      if (now - lastTickMs > limits.stallTimeoutMs / 2) excuseAll();
      lastTickMs = now;
    },
    begin(start) {
      position = start;
    },
    wanted: () =>
      subscriptions.size > 0 ? {} : { types: [...new Set([...listeners].flatMap(({ types }) => types))] },
    accept(page) {
      position = page.upTo;
      for (const listener of listeners) notify(listener, page.rows);
      for (const subscription of subscriptions) subscription.offer(page);
    },
    resume: excuseAll,
    skip(begin) {
      position = begin;
      for (const subscription of subscriptions) subscription.skip(begin);
    },
    stop() {
      isStopping = true;
      for (const subscription of subscriptions) void subscription.return();
    },
  };
}
