import { formatLogCursor } from '../domain/events/log-cursor.js';
import { CursorExpired, type LogPosition, laterOf } from '../domain/events/log-position.js';
import { createAlarm } from '../kernel/alarm.js';
import type { Clock } from '../kernel/clock.js';
import { randomFraction } from '../kernel/ids.js';
import { type Fail, PullStream, type Take } from '../kernel/pull-stream.js';
import { type LogFilter, type LogPage, type LogRow, matchesFilter } from '../store/events/event-log.js';
import { StreamInterrupted } from './stream-interrupted.js';

/** The limits of a subscriber. */
export interface SubscriptionLimits {
  /** The maximum number of live entries that wait in memory. On overflow the subscriber reads from the log again, as in a replay. */
  readonly queueSize: number;
  /** A subscriber that is behind and requests nothing for this time, in milliseconds, is closed. */
  readonly stallTimeoutMs: number;
}

/** What a subscription needs from its hub. */
export interface SubscriptionSource {
  readonly clock: Clock;
  readonly limits: SubscriptionLimits;
  /** The position up to which every entry has been offered. */
  position(): LogPosition;
  /** Reads entries from the log in the database. */
  read(after: LogPosition, filter: LogFilter): Promise<LogPage>;
  /** Removes a subscription that has ended. */
  leave(subscription: Subscription): void;
}

/** The shortest pause before a failed read is retried. Jitter is added, because many subscriptions may retry. */
const RETRY_MS = 200;

/** The maximum number of entries of one chunk. It is small, so that a busy process serves its subscribers in turn. */
const CHUNK = 100;

type Chunk = IteratorResult<readonly LogRow[], undefined>;

/**
 * Delivers the entries after a position and then live entries to one reader, in chunks, each once and in order. It reads
 * from the log until it has caught up with the hub, and then from a queue. The change happens within one turn of the event
 * loop, so that no entry is lost between the two.
 *
 * A queue that overflows is dropped, and its entries are read from the log later. So a burst of events needs little memory
 * and ends no stream. Only a reader that stops requesting entries is closed.
 */
export class Subscription extends PullStream<readonly LogRow[]> {
  readonly #source: SubscriptionSource;
  readonly #filter: LogFilter;
  readonly #alarm = createAlarm();
  /** The position up to which the reader has all entries. */
  #delivered: LogPosition;
  /** The position up to which every entry was delivered, is queued or does not match the filter. */
  #seen: LogPosition;
  #queue: LogRow[] = [];
  #isLive = false;
  /** The pending request for live entries. */
  #reader: { readonly take: Take<readonly LogRow[]>; readonly fail: Fail } | undefined;
  #isRequesting = false;
  /** The reader waits for one of the entries that it has requested: not it is slow, but what is made of them. */
  #isReaderWaiting = false;
  #lastRequestEndedAtMs: number;
  #end: { readonly error: Error | undefined } | undefined;

  constructor(source: SubscriptionSource, after: LogPosition, filter: LogFilter) {
    super();
    this.#source = source;
    this.#filter = filter;
    this.#delivered = after;
    this.#seen = after;
    this.#lastRequestEndedAtMs = source.clock.now();
  }

  /**
   * Requests the next entries, at least one. Fails with StreamInterrupted or CursorExpired if the stream ends for another
   * reason than `return`. The next request acknowledges the entries, so make it only after they were processed.
   */
  pull(take: Take<readonly LogRow[]>, fail: Fail): void {
    if (!this.#isLive || this.#queue.length > 0 || this.#end) {
      this.#findNext().then(take, fail);
      return;
    }
    this.#isRequesting = true;
    this.#reader = { take, fail };
  }

  override noteReader(isWaiting: boolean): void {
    if (!isWaiting && this.#isReaderWaiting) this.excuse();
    this.#isReaderWaiting = isWaiting;
  }

  /** Ends the stream without an error. */
  async return(): Promise<Chunk> {
    this.#endWith(undefined);
    return { value: undefined, done: true };
  }

  /** Queues the matching entries of a page from the hub, while the subscription is live. */
  offer(page: LogPage): void {
    if (this.#isLive) {
      const isWanted = (row: LogRow) => row.id > this.#seen && matchesFilter(this.#filter, row);
      this.#queue.push(...page.rows.filter(isWanted));
      this.#seen = laterOf(this.#seen, page.upTo);
      if (this.#queue.length > this.#source.limits.queueSize) this.#fallBack();
      else if (this.#queue.length > 0) this.#wake();
      else this.#delivered = this.#seen;
    }
    if (!this.#isLive && this.#isStuck()) this.#interrupt();
  }

  /**
   * The database was unavailable, or the process stood still. A reader requests nothing meanwhile, which does not count as
   * stalled.
   */
  excuse(): void {
    this.#lastRequestEndedAtMs = this.#source.clock.now();
  }

  /** The entries up to `begin` were pruned. Ends the stream if it has not delivered them yet. */
  skip(begin: LogPosition): void {
    if (begin <= this.#seen) return;
    this.#endWith(new CursorExpired('events that this stream has not delivered were pruned'));
  }

  /** Answers a pending request without promises, whose cost counts when a thousand readers wait. */
  #wake(): void {
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader === undefined) this.#alarm.ring();
    else if (!this.#isLive || this.#end) this.#findNext().then(reader.take, reader.fail);
    else reader.take(this.#deliver(this.#takeQueued()));
  }

  async #findNext(): Promise<Chunk> {
    this.#isRequesting = true;
    try {
      while (!this.#end) {
        if (this.#isLive && this.#queue.length === 0) await this.#alarm.sleep();
        const rows = this.#isLive ? this.#takeQueued() : await this.#readOn();
        if (rows.length > 0) return { value: rows, done: false };
      }
      return this.#finish(this.#end);
    } finally {
      this.#noteRequestEnd();
    }
  }

  #deliver(value: readonly LogRow[]): Chunk {
    this.#noteRequestEnd();
    return { value, done: false };
  }

  #noteRequestEnd(): void {
    this.#isRequesting = false;
    this.#lastRequestEndedAtMs = this.#source.clock.now();
  }

  #takeQueued(): readonly LogRow[] {
    const rows = this.#queue.splice(0, CHUNK);
    this.#delivered = this.#queue.length > 0 ? (rows.at(-1)?.id ?? this.#delivered) : this.#seen;
    return rows;
  }

  async #readOn(): Promise<readonly LogRow[]> {
    if (this.#source.position() <= this.#seen) {
      this.#isLive = true;
      return [];
    }
    const page = await this.#readPage();
    if (page === undefined || this.#end) return [];
    this.skip(page.begin);
    if (this.#end) return [];
    this.#seen = page.upTo;
    this.#delivered = page.upTo;
    return page.rows;
  }

  /** The next page of the log. Undefined after a failed read and a pause. */
  async #readPage(): Promise<LogPage | undefined> {
    try {
      return await this.#source.read(this.#seen, this.#filter);
    } catch {
      // The relay meets the same error and reports it.
      await this.#alarm.sleep(RETRY_MS * (1 + randomFraction()));
      return undefined;
    }
  }

  #fallBack(): void {
    this.#queue = [];
    this.#seen = this.#delivered;
    this.#isLive = false;
    this.#wake();
  }

  #isStuck(): boolean {
    const { clock, limits } = this.#source;
    const isReading = this.#isRequesting || this.#isReaderWaiting;
    return !isReading && clock.now() - this.#lastRequestEndedAtMs >= limits.stallTimeoutMs;
  }

  /** Ends the stream with an error that carries the cursor to resume from. */
  #interrupt(): void {
    const resumeAt = this.#queue.length > 0 ? this.#delivered : this.#seen;
    this.#endWith(new StreamInterrupted(formatLogCursor(resumeAt)));
  }

  #endWith(error: Error | undefined): void {
    if (this.#end) return;
    this.#end = { error };
    this.#queue = [];
    this.#source.leave(this);
    this.#wake();
  }

  #finish(end: { readonly error: Error | undefined }): Chunk {
    this.#end = { error: undefined };
    if (end.error) throw end.error;
    return { value: undefined, done: true };
  }
}
