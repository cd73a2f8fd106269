import { EVENT_KINDS, EVENT_TYPES } from '../../domain/events/event-types.js';
import { type Alarm, createAlarm } from '../../kernel/wakeable-sleep.js';
import { type Overview, openOverview } from '../../services/ops/read-overview.js';
import type { GraphqlContext } from '../context.js';

/** A dashboard gets no more than one overview in this time, and the process reads none more often for all of them. */
const SPACING_MS = 1_000;

/** The events that can change what an overview says. */
const RELEVANT = EVENT_TYPES.filter((type) =>
  ['TaskCreatedEvent', 'TaskStatusChangedEvent', 'AgentEvent'].includes(EVENT_KINDS[type].graphqlType),
);

type Sources = Pick<GraphqlContext, 'feed' | 'services'>;

/** One for each feed, which is one for each process. */
const SHARED = new WeakMap<GraphqlContext['feed'], SharedOverview>();

/** The overview at once, and again whenever something has changed since the last, at most once a second. */
export function watchOverview(sources: Sources): AsyncIterableIterator<Overview> {
  let shared = SHARED.get(sources.feed);
  if (shared === undefined) {
    shared = new SharedOverview(sources);
    SHARED.set(sources.feed, shared);
  }
  return shared.watch();
}

/** What all who watch have in common: each overview is read once, whoever asks and how many. */
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
    // What changes while nobody listens would never be noticed.
    this.#overview = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** At once, if the last overview is old enough, else when it will be. */
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

/** The same overview, which asks each question once however many documents it is resolved for. */
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
  };
}
