import { formatLogCursor } from '../domain/events/log-cursor.js';
import { CursorExpired, isLater, type LogPosition, laterOf } from '../domain/events/log-position.js';
import type { Clock } from '../kernel/clock.js';
import { randomFraction } from '../kernel/ids.js';
import { type Fail, PullStream, type Take } from '../kernel/pull-stream.js';
import { createAlarm } from '../kernel/wakeable-sleep.js';
import { type LogFilter, type LogPage, type LogRow, matchesFilter } from '../store/events/event-log.js';
import { type InterruptionCode, StreamInterrupted } from './stream-interrupted.js';

/** What bounds a subscriber. */
export interface SubscriptionLimits {
  /** Live entries that wait for it in memory; past these it reads from the log again, as at a replay. */
  readonly queueSize: number;
  /** A subscriber that is behind and takes nothing for so long, in milliseconds, is closed. */
  readonly patienceMs: number;
}

/** What a subscription needs of its hub. */
export interface SubscriptionSource {
  readonly clock: Clock;
  readonly limits: SubscriptionLimits;
  /** Up to here every entry has been offered. */
  position(): LogPosition;
  /** Reads from the log itself. */
  read(after: LogPosition, filter: LogFilter): Promise<LogPage>;
  /** The subscription has ended. */
  leave(subscription: Subscription): void;
}

/** The least pause, in milliseconds, before a page is asked for again; spread, since many may wait for the database. */
const RETRY_MS = 200;

/** Entries handed out at a time: few, so that a busy process serves its subscribers in turn. */
const CHUNK = 100;

type Chunk = IteratorResult<readonly LogRow[], undefined>;

/**
 * One reader's way through the log: the entries after its first position and then live ones, each once and in order, in
 * chunks. It reads from the log until it has caught up with what the hub has offered, and from a queue from then on; it
 * changes over within one turn of the event loop, so that no entry falls between.
 *
 * A queue that overflows is dropped and its entries are read from the log later. Thus a burst costs no memory and ends
 * nobody's stream, and only who stops taking entries is closed.
 */
export class Subscription extends PullStream<readonly LogRow[]> {
  readonly #source: SubscriptionSource;
  readonly #filter: LogFilter;
  readonly #alarm = createAlarm();
  /** Up to here the reader has got everything. */
  #given: LogPosition;
  /** Up to here everything was given, is queued or is not wanted. */
  #seen: LogPosition;
  #queue: LogRow[] = [];
  #isLive = false;
  /** Waits for live entries. */
  #reader: { readonly take: Take<readonly LogRow[]>; readonly fail: Fail } | undefined;
  #isAsking = false;
  #lastAskedAtMs: number;
  #end: { readonly error: Error | undefined } | undefined;

  constructor(source: SubscriptionSource, after: LogPosition, filter: LogFilter) {
    super();
    this.#source = source;
    this.#filter = filter;
    this.#given = after;
    this.#seen = after;
    this.#lastAskedAtMs = source.clock.now();
  }

  /**
   * Takes the next entries, at least one, and fails with StreamInterrupted or CursorExpired when the stream ends for
   * another reason than `return`. Ask again only when the last entries are dealt with: then they count as taken.
   */
  pull(take: Take<readonly LogRow[]>, fail: Fail): void {
    if (!this.#isLive || this.#queue.length > 0 || this.#end) {
      this.#findNext().then(take, fail);
      return;
    }
    this.#isAsking = true;
    this.#reader = { take, fail };
  }

  async return(): Promise<Chunk> {
    this.#endWith(undefined);
    return { value: undefined, done: true };
  }

  /** Takes part of a page in that the hub has got, while the subscription is live. */
  offer(page: LogPage): void {
    if (this.#isLive) {
      const isWanted = (row: LogRow) => isLater(row, this.#seen) && matchesFilter(this.#filter, row);
      this.#queue.push(...page.rows.filter(isWanted));
      this.#seen = laterOf(this.#seen, page.upTo);
      if (this.#queue.length > this.#source.limits.queueSize) this.#fallBack();
      else if (this.#queue.length > 0) this.#wake();
      else this.#given = this.#seen;
    }
    if (!this.#isLive && this.#isStuck()) this.interrupt('SUBSCRIBER_TOO_SLOW');
  }

  /** Ends the stream; the reader learns from which cursor on it can have the rest. */
  interrupt(code: InterruptionCode): void {
    const resumeAt = this.#queue.length > 0 ? this.#given : this.#seen;
    this.#endWith(new StreamInterrupted(code, formatLogCursor(resumeAt)));
  }

  /** Ends the stream if it would miss something: the entries up to `begin` are gone. */
  skip(begin: LogPosition): void {
    if (!isLater(begin, this.#seen)) return;
    this.#endWith(new CursorExpired('events that this stream has not delivered were pruned'));
  }

  /** A reader that waits is answered at once: with a thousand of them, each promise between counts. */
  #wake(): void {
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader === undefined) this.#alarm.ring();
    else if (!this.#isLive || this.#end) this.#findNext().then(reader.take, reader.fail);
    else reader.take(this.#give(this.#takeQueued()));
  }

  async #findNext(): Promise<Chunk> {
    this.#isAsking = true;
    try {
      while (!this.#end) {
        if (this.#isLive && this.#queue.length === 0) await this.#alarm.sleep();
        const rows = this.#isLive ? this.#takeQueued() : await this.#readOn();
        if (rows.length > 0) return { value: rows, done: false };
      }
      return this.#finish(this.#end);
    } finally {
      this.#noteAsked();
    }
  }

  #give(value: readonly LogRow[]): Chunk {
    this.#noteAsked();
    return { value, done: false };
  }

  #noteAsked(): void {
    this.#isAsking = false;
    this.#lastAskedAtMs = this.#source.clock.now();
  }

  #takeQueued(): readonly LogRow[] {
    const rows = this.#queue.splice(0, CHUNK);
    this.#given = this.#queue.length > 0 ? (rows.at(-1) ?? this.#given) : this.#seen;
    return rows;
  }

  async #readOn(): Promise<readonly LogRow[]> {
    if (!isLater(this.#source.position(), this.#seen)) {
      this.#isLive = true;
      return [];
    }
    const page = await this.#readPage();
    if (page === undefined || this.#end) return [];
    this.skip(page.begin);
    if (this.#end) return [];
    this.#seen = page.upTo;
    this.#given = page.upTo;
    return page.rows;
  }

  /** The next page of the log; undefined if the database could not be asked, after a pause. */
  async #readPage(): Promise<LogPage | undefined> {
    try {
      return await this.#source.read(this.#seen, this.#filter);
    } catch {
      // The relay meets the same trouble and reports it.
      await this.#alarm.sleep(RETRY_MS * (1 + randomFraction()));
      return undefined;
    }
  }

  #fallBack(): void {
    this.#queue = [];
    this.#seen = this.#given;
    this.#isLive = false;
    this.#wake();
  }

  #isStuck(): boolean {
    const { clock, limits } = this.#source;
    return !this.#isAsking && clock.now() - this.#lastAskedAtMs >= limits.patienceMs;
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
