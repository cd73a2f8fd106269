import { isDeepStrictEqual } from 'node:util';
import { EVENT_KINDS, EVENT_TYPES } from '../../domain/events/event-types.js';
import { type Alarm, createAlarm, LONGEST_TIMEOUT_MS } from '../../kernel/alarm.js';
import { type AttentionSummary, readAttentionSummary } from '../../services/attention/read-attention.js';
import type { GraphqlContext } from '../context.js';

/**
 * The shortest pause between two reads of a process. A change is seen within the second, and a busy log costs five reads of a
 * few milliseconds each second.
 */
const SPACING_MS = 200;

/** A read may take this share of the time, so that a database with much to count is not kept busy by it. */
const SHARE = 0.2;

/** The pause after a read that failed, in milliseconds. */
const RETRY_MS = 1_000;

/** Events that change no item, by their GraphQL types. */
const IRRELEVANT: readonly string[] = ['TaskCommentedEvent', 'ApiKeyEvent', 'PipelineEvent'];

const RELEVANT = EVENT_TYPES.filter(
  (type) => type !== 'run.progress' && !IRRELEVANT.includes(EVENT_KINDS[type].graphqlType),
);

type Sources = Pick<GraphqlContext, 'feed' | 'services'>;

/** One per feed; a process has one feed. */
const SHARED = new WeakMap<GraphqlContext['feed'], SharedSummary>();

/** Yields the counts at once, and again after each change of them. */
export function watchAttention(sources: Sources): AsyncIterableIterator<AttentionSummary> {
  let shared = SHARED.get(sources.feed);
  if (shared === undefined) {
    shared = new SharedSummary(sources);
    SHARED.set(sources.feed, shared);
  }
  return shared.watch();
}

/**
 * Reads the counts once for all watchers of the process: after events that can change them, and when something becomes due by time
 * alone, which the last read has told. Nothing is read while nothing happens.
 */
class SharedSummary {
  readonly #sources: Sources;
  readonly #watchers = new Set<Alarm>();
  #current: AttentionSummary | undefined;
  #version = 0;
  #restUntilMs = Number.NEGATIVE_INFINITY;
  /** Set while a read is planned for as soon as it may begin. */
  #soon: NodeJS.Timeout | undefined;
  /** Set while a read is planned for the time at which something becomes due. */
  #due: NodeJS.Timeout | undefined;
  #isReading = false;
  #isStale = false;
  #unlisten: (() => void) | undefined;

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  watch(): AsyncIterableIterator<AttentionSummary> {
    const alarm = createAlarm();
    let isOver = false;
    let seen = 0;
    this.#enter(alarm);
    return {
      next: async () => {
        while (!isOver) {
          if (this.#current !== undefined && this.#version !== seen) {
            seen = this.#version;
            return { value: this.#current, done: false };
          }
          await alarm.sleep();
        }
        return { value: undefined, done: true };
      },
      return: async () => {
        isOver = true;
        this.#leave(alarm);
        alarm.ring();
        return { value: undefined, done: true };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  #enter(alarm: Alarm): void {
    this.#watchers.add(alarm);
    this.#unlisten ??= this.#sources.feed.onEntries(RELEVANT, () => this.#readSoon());
    if (this.#current === undefined) this.#readSoon();
  }

  #leave(alarm: Alarm): void {
    this.#watchers.delete(alarm);
    if (this.#watchers.size > 0) return;
    this.#unlisten?.();
    this.#unlisten = undefined;
    // Without watchers there is no listener, so the counts could become stale.
    this.#current = undefined;
    clearTimeout(this.#soon);
    clearTimeout(this.#due);
    this.#soon = undefined;
  }

  #readSoon(): void {
    if (this.#isReading) this.#isStale = true;
    else this.#soon ??= setTimeout(() => void this.#read(), Math.max(0, this.#restUntilMs - this.#nowMs()));
  }

  async #read(): Promise<void> {
    this.#soon = undefined;
    clearTimeout(this.#due);
    this.#isReading = true;
    this.#isStale = false;
    const beganAtMs = this.#nowMs();
    const summary = await readAttentionSummary(this.#sources.services).catch(() => null);
    this.#isReading = false;
    const tookMs = this.#nowMs() - beganAtMs;
    this.#restUntilMs = this.#nowMs() + (summary === null ? RETRY_MS : Math.max(SPACING_MS, tookMs / SHARE));
    if (this.#watchers.size === 0) return;
    // The feed meets the same failure and reports it.
    if (summary === null || this.#isStale) this.#readSoon();
    if (summary !== null) this.#accept(summary);
  }

  #accept(summary: AttentionSummary): void {
    const isSame = isDeepStrictEqual(this.#current?.counts, summary.counts);
    this.#current = summary;
    // Late by a little, so that the time has passed for the database as well.
    if (summary.nextInMs !== null) {
      const ms = Math.min(LONGEST_TIMEOUT_MS, Math.max(SPACING_MS, summary.nextInMs + 5));
      this.#due = setTimeout(() => this.#readSoon(), ms);
    }
    if (isSame) return;
    this.#version += 1;
    for (const watcher of this.#watchers) watcher.ring();
  }

  #nowMs(): number {
    return this.#sources.services.clock.now();
  }
}
