import { EVENT_KINDS, EVENT_TYPES } from '../../domain/events/event-types.js';
import { type Alarm, createAlarm } from '../../kernel/alarm.js';
import { type Overview, openOverview } from '../../services/ops/read-overview.js';
import type { GraphqlContext } from '../context.js';

/** The minimum time between two overviews for a dashboard, and between two reads of the process for all dashboards. */
const SPACING_MS = 1_000;

/** The events that can change the overview. */
const RELEVANT = EVENT_TYPES.filter((type) =>
  ['TaskCreatedEvent', 'TaskStatusChangedEvent', 'AgentEvent'].includes(EVENT_KINDS[type].graphqlType),
);

type Sources = Pick<GraphqlContext, 'feed' | 'services'>;

/** One per feed; a process has one feed. */
const SHARED = new WeakMap<GraphqlContext['feed'], SharedOverview>();

/** Yields the overview at once and again after each change, at most once per second. */
export function watchOverview(sources: Sources): AsyncIterableIterator<Overview> {
  let shared = SHARED.get(sources.feed);
  if (shared === undefined) {
    shared = new SharedOverview(sources);
    SHARED.set(sources.feed, shared);
  }
  return shared.watch();
}

/** Shared by all watchers, so that each overview is read only once. */
class SharedOverview {
  readonly #sources: Sources;
  readonly #watchers = new Set<Alarm>();
  #version = 0;
  #overview: Overview | undefined;
  #openedAtMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #unlisten: (() => void) | undefined;

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  watch(): AsyncIterableIterator<Overview> {
    const alarm = createAlarm();
    let isOver = false;
    let seen = -1;
    let restUntilMs = Number.NEGATIVE_INFINITY;
    const end = () => {
      isOver = true;
      this.#leave(alarm);
      alarm.ring();
    };
    this.#enter(alarm);
    return {
      next: async () => {
        while (!isOver) {
          const restMs = restUntilMs - this.#nowMs();
          if (restMs > 0) await alarm.sleep(restMs);
          else if (this.#version === seen) await alarm.sleep();
          else {
            seen = this.#version;
            restUntilMs = this.#nowMs() + SPACING_MS;
            return { value: this.#current(), done: false };
          }
        }
        return { value: undefined, done: true };
      },
      return: async () => {
        end();
        return { value: undefined, done: true };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  #enter(alarm: Alarm): void {
    this.#watchers.add(alarm);
    this.#unlisten ??= this.#sources.feed.onEntries(RELEVANT, () => this.#noteChange());
  }

  #leave(alarm: Alarm): void {
    this.#watchers.delete(alarm);
    if (this.#watchers.size > 0) return;
    this.#unlisten?.();
    this.#unlisten = undefined;
    // Without watchers there is no listener, so the overview could become stale.
    this.#overview = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Wakes the watchers as soon as the last overview is old enough. */
  #noteChange(): void {
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        this.#version += 1;
        this.#overview = undefined;
        for (const watcher of this.#watchers) watcher.ring();
      },
      Math.max(0, this.#openedAtMs + SPACING_MS - this.#nowMs()),
    );
  }

  #current(): Overview {
    const isStale = this.#nowMs() - this.#openedAtMs >= SPACING_MS;
    if (this.#overview === undefined || isStale) {
      this.#overview = remember(openOverview(this.#sources.services));
      this.#openedAtMs = this.#nowMs();
    }
    return this.#overview;
  }

  #nowMs(): number {
    return this.#sources.services.clock.now();
  }
}

/** Caches each part of the overview, because it may be resolved for several documents. */
function remember(overview: Overview): Overview {
  const answers = new Map<string, Promise<unknown>>();
  function once<Answer>(question: string, ask: () => Promise<Answer>): Promise<Answer> {
    const answer = (answers.get(question) as Promise<Answer> | undefined) ?? ask();
    answers.set(question, answer);
    return answer;
  }
  return {
    taskCounts: () => once('taskCounts', overview.taskCounts),
    fleet: () => once('fleet', overview.fleet),
    standing: () => once('standing', overview.standing),
    throughput: (windowMs, buckets) =>
      once(`throughput ${windowMs} ${buckets}`, () => overview.throughput(windowMs, buckets)),
    attemptTimes: (windowMs, buckets) =>
      once(`attemptTimes ${windowMs} ${buckets}`, () => overview.attemptTimes(windowMs, buckets)),
  };
}
