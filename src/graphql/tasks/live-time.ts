import { EVENT_TYPES } from '../../domain/events/event-types.js';
import { LONGEST_TIMEOUT_MS } from '../../kernel/alarm.js';
import {
  type Dependence,
  type PassingTime,
  readPassingTime,
} from '../../services/tasks/read-passing-time.js';
import type { GraphqlContext } from '../context.js';

/** The shortest pause between two reads of the next instants, and between two rings of a watcher, in milliseconds. */
const SPACING_MS = 200;

/** The watchers may read during this share of the time, all together. */
const SHARE = 0.2;

/** The pause after a read that failed, in milliseconds. */
const RETRY_MS = 1_000;

/** Events that neither move an instant nor change what a task waits for. */
const RELEVANT = EVENT_TYPES.filter((type) => type !== 'run.progress' && type !== 'task.comment_added');

type Sources = Pick<GraphqlContext, 'feed' | 'services'>;

/** One per feed; a process has one feed. */
const SHARED = new WeakMap<GraphqlContext['feed'], LiveTime>();

/** A reader of tasks that is told when it has to look again. */
export interface TimeWatcher {
  /** Runs the look of this watcher, one at a time in the process. */
  inTurn<Result>(look: () => Promise<Result>): Promise<Result>;
  end(): void;
}

/** Calls `ring` after each moment at which tasks may have entered or left the filter without a change of their own. */
export function watchTime(sources: Sources, dependence: Dependence, ring: () => void): TimeWatcher {
  let shared = SHARED.get(sources.feed);
  if (shared === undefined) {
    shared = new LiveTime(sources);
    SHARED.set(sources.feed, shared);
  }
  return shared.watch(dependence, ring);
}

interface Watched {
  readonly dependence: Dependence;
  readonly ring: () => void;
  restUntilMs: number;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Knows the next instant at which a task becomes overdue or ceases to wait, for all watchers of the process. Events move it; between
 * them nothing is read. Each read begins where the one before it has ended, so that no instant passes unseen in between.
 */
class LiveTime {
  readonly #sources: Sources;
  readonly #watched = new Set<Watched>();
  #since: Date | null = null;
  #restUntilMs = Number.NEGATIVE_INFINITY;
  #soon: NodeJS.Timeout | undefined;
  #next: NodeJS.Timeout | undefined;
  #isReading = false;
  #isStale = false;
  #turn: Promise<unknown> = Promise.resolve();
  #unlisten: (() => void) | undefined;

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  watch(dependence: Dependence, ring: () => void): TimeWatcher {
    const watched: Watched = { dependence, ring, restUntilMs: Number.NEGATIVE_INFINITY, timer: undefined };
    this.#watched.add(watched);
    this.#unlisten ??= this.#sources.feed.onEntries(RELEVANT, () => this.#notice());
    this.#readSoon();
    return {
      inTurn: async (look) => {
        const beganAtMs = this.#nowMs();
        const looking = this.#turn.then(look, look);
        this.#turn = looking;
        try {
          return await looking;
        } finally {
          // The time in the line counts too: the more watchers there are, the less often each of them looks.
          const tookMs = this.#nowMs() - beganAtMs;
          watched.restUntilMs = this.#nowMs() + Math.max(SPACING_MS, tookMs / SHARE);
        }
      },
      end: () => this.#leave(watched),
    };
  }

  #leave(watched: Watched): void {
    clearTimeout(watched.timer);
    this.#watched.delete(watched);
    if (this.#watched.size > 0) return;
    this.#unlisten?.();
    this.#unlisten = undefined;
    this.#since = null;
    clearTimeout(this.#soon);
    clearTimeout(this.#next);
    this.#soon = undefined;
  }

  #notice(): void {
    this.#readSoon();
    this.#ring('onWaits');
  }

  #ring(cause: keyof Dependence): void {
    for (const watched of this.#watched)
      if (watched.dependence[cause])
        watched.timer ??= setTimeout(
          () => {
            watched.timer = undefined;
            watched.ring();
          },
          Math.max(0, watched.restUntilMs - this.#nowMs()),
        );
  }

  #readSoon(): void {
    if (this.#isReading) this.#isStale = true;
    else this.#soon ??= setTimeout(() => void this.#read(), Math.max(0, this.#restUntilMs - this.#nowMs()));
  }

  async #read(): Promise<void> {
    this.#soon = undefined;
    clearTimeout(this.#next);
    this.#isReading = true;
    this.#isStale = false;
    // The feed meets the same failure and reports it.
    const passing = await readPassingTime(this.#sources.services, this.#since).catch(() => null);
    this.#isReading = false;
    this.#restUntilMs = this.#nowMs() + (passing === null ? RETRY_MS : SPACING_MS);
    if (this.#watched.size === 0) return;
    if (passing !== null) this.#accept(passing);
    if (passing === null || this.#isStale) this.#readSoon();
  }

  #accept({ now, dueInMs, waitInMs }: PassingTime): void {
    // Before the first read no instant was watched, and a list may be a little older than it.
    const hasGap = this.#since === null;
    this.#since = now;
    if (hasGap || (dueInMs !== null && dueInMs <= 0)) this.#ring('onDueDates');
    if (hasGap || (waitInMs !== null && waitInMs <= 0)) this.#ring('onWaits');
    const ahead = [dueInMs, waitInMs].flatMap((inMs) => inMs ?? []);
    if (ahead.length === 0) return;
    // Late by a little, so that the time has passed for the database as well.
    const ms = Math.min(LONGEST_TIMEOUT_MS, Math.max(SPACING_MS, Math.min(...ahead) + 5));
    this.#next = setTimeout(() => this.#readSoon(), ms);
  }

  #nowMs(): number {
    return this.#sources.services.clock.now();
  }
}
