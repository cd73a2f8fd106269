import type { OperationPlace } from '../graphql/context.js';
import type { Clock } from '../kernel/clock.js';
import { protocolError } from './protocol-error.js';

export interface FairQueueLimits {
  /** Operations of one key that run at once. */
  readonly perKey: number;
  /** Operations of all keys that run at once. */
  readonly total: number;
  /** Operations of one key that wait for a place. */
  readonly waitingPerKey: number;
  /** The longest wait for a place, in milliseconds. */
  readonly waitMs: number;
}

interface Waiting {
  readonly sinceMs: number;
  readonly signal: AbortSignal;
  readonly begin: (place: OperationPlace) => void;
  readonly refuse: (error: Error) => void;
}

/** The operations of one key. */
interface Lane {
  readonly key: string;
  running: number;
  readonly waiting: Waiting[];
}

/** How long a client that was refused should wait, in seconds. */
const RETRY_SECONDS = 1;

/**
 * Limits how many operations of each key run at once in this process. An operation that need not wait takes a few hundred
 * nanoseconds and no promise.
 */
export class FairQueue {
  readonly #limits: FairQueueLimits;
  readonly #clock: Clock;
  readonly #lanes = new Map<string, Lane>();
  /** The lanes that have waiting operations and may run more, in the order of their turns. */
  readonly #turns = new Set<Lane>();
  #running = 0;
  #sweep: NodeJS.Timeout | undefined;

  constructor(limits: FairQueueLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** The number of keys with operations. */
  get size(): number {
    return this.#lanes.size;
  }

  /** Takes a place. Undefined if there is none: then the operation has to wait. */
  enter(key: string): OperationPlace | undefined {
    const lane = this.#laneOf(key);
    if (lane.running >= this.#limits.perKey || this.#running >= this.#limits.total) return undefined;
    this.#take(lane);
    return this.#placeIn(lane);
  }

  /**
   * Waits for a place. Keys take turns, so an operation waits for the earlier ones of its own key, and for as many of each
   * other key at most.
   * @throws GraphQLError with RATE_LIMITED if too many operations of the key wait, or after the longest wait.
   */
  wait(key: string, signal: AbortSignal): Promise<OperationPlace> {
    const lane = this.#laneOf(key);
    if (lane.waiting.length >= this.#limits.waitingPerKey) return Promise.reject(tooManyWait(this.#limits));
    return new Promise((begin, refuse) => {
      lane.waiting.push({ sinceMs: this.#clock.now(), signal, begin, refuse });
      this.#queueTurn(lane);
      this.#sweep ??= setInterval(() => this.#refuseOverdue(), this.#limits.waitMs / 10).unref();
    });
  }

  #laneOf(key: string): Lane {
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { key, running: 0, waiting: [] };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #take(lane: Lane): void {
    lane.running += 1;
    this.#running += 1;
  }

  #placeIn(taken: Lane): OperationPlace {
    let lane: Lane | undefined = taken;
    return {
      leave: () => {
        const left = lane;
        lane = undefined;
        if (left !== undefined) this.#leave(left);
      },
      retake: () => {
        if (lane !== undefined) return;
        // The lane that was left may have been forgotten.
        lane = this.#laneOf(taken.key);
        this.#take(lane);
      },
    };
  }

  #leave(lane: Lane): void {
    lane.running -= 1;
    this.#running -= 1;
    this.#queueTurn(lane);
    this.#forgetEmpty(lane);
    this.#beginNext();
  }

  #queueTurn(lane: Lane): void {
    if (lane.waiting.length > 0 && lane.running < this.#limits.perKey) this.#turns.add(lane);
  }

  #beginNext(): void {
    for (const lane of this.#turns) {
      if (this.#running >= this.#limits.total) return;
      // Added again at the end: a set is iterated in the order of its additions.
      this.#turns.delete(lane);
      this.#beginFirst(lane);
      this.#queueTurn(lane);
      this.#forgetEmpty(lane);
    }
  }

  #beginFirst(lane: Lane): void {
    const first = lane.waiting.shift();
    if (first?.signal.aborted === false) {
      this.#take(lane);
      first.begin(this.#placeIn(lane));
    } else first?.refuse(rateLimited('The client has disconnected.'));
  }

  #forgetEmpty(lane: Lane): void {
    if (lane.waiting.length > 0) return;
    this.#turns.delete(lane);
    if (lane.running === 0) this.#lanes.delete(lane.key);
  }

  /** Refuses those that have waited too long. The first of a lane has waited longest. */
  #refuseOverdue(): void {
    const before = this.#clock.now() - this.#limits.waitMs;
    let isWaiting = false;
    for (const lane of this.#lanes.values()) {
      while (lane.waiting[0] !== undefined && lane.waiting[0].sinceMs < before)
        lane.waiting.shift()?.refuse(waitedTooLong(this.#limits));
      isWaiting ||= lane.waiting.length > 0;
      this.#forgetEmpty(lane);
    }
    if (isWaiting) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }
}

function tooManyWait({ perKey, waitingPerKey }: FairQueueLimits) {
  return rateLimited(
    `This API key has ${perKey} operations of this kind running, and ${waitingPerKey} more wait.`,
  );
}

function waitedTooLong({ waitMs }: FairQueueLimits) {
  return rateLimited(`This operation has waited ${waitMs / 1_000} s for earlier ones to end.`);
}

function rateLimited(what: string) {
  return protocolError('RATE_LIMITED', `${what} Send fewer at once, and try again in ${RETRY_SECONDS} s.`, {
    status: 429,
    headers: { 'retry-after': String(RETRY_SECONDS) },
  });
}
