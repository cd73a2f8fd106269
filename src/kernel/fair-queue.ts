import type { Clock } from './clock.js';

/** A place among the pieces of work that run at once. */
export interface Place {
  /** Gives the place to another piece of work. */
  leave(): void;
  /** Counts the work again, even if no place is free: it has begun and must end. */
  retake(): void;
  /** Waits for a place again, as new work does. Rejects for the same reasons. */
  rejoin(): Promise<void>;
}

/** Why work is refused: too much of its key waits, it has waited too long, or its caller has gone. */
export type QueueRefusal = 'full' | 'overdue' | 'gone';

export interface FairQueueLimits {
  /** Pieces of work of one key that run at once. */
  readonly perKey: number;
  /** Pieces of work of all keys that run at once. */
  readonly total: number;
  /** Pieces of work of one key that wait for a place. */
  readonly waitingPerKey: number;
  /** The longest wait for a place, in milliseconds. */
  readonly waitMs: number;
}

interface Waiting {
  readonly sinceMs: number;
  readonly signal: AbortSignal | undefined;
  readonly begin: (place: Place) => void;
  readonly refuse: (error: Error) => void;
}

/** The work of one key. */
interface Lane {
  readonly key: string;
  running: number;
  readonly waiting: Waiting[];
}

/** How many lanes are kept although they may be empty. */
const KEPT_LANES = 1_000;

/** What a place needs of its queue. A lane that is left may be forgotten, so it is found again by its key. */
interface Places {
  leave(lane: Lane): void;
  retake(key: string): Lane;
  rejoin(key: string): Promise<Lane>;
}

/** A class, because closures for each piece of work took twice as long. */
class TakenPlace implements Place {
  readonly #key: string;
  readonly #places: Places;
  #lane: Lane | undefined;

  constructor(lane: Lane, places: Places) {
    this.#key = lane.key;
    this.#places = places;
    this.#lane = lane;
  }

  leave(): void {
    const left = this.#lane;
    this.#lane = undefined;
    if (left !== undefined) this.#places.leave(left);
  }

  retake(): void {
    this.#lane ??= this.#places.retake(this.#key);
  }

  async rejoin(): Promise<void> {
    this.#lane ??= await this.#places.rejoin(this.#key);
  }
}

/**
 * Limits how much work of each key runs at once in this process. Work that need not wait takes a few hundred nanoseconds and no
 * promise.
 */
export class FairQueue {
  readonly #limits: FairQueueLimits;
  readonly #clock: Clock;
  readonly #refusalOf: (reason: QueueRefusal) => Error;
  readonly #lanes = new Map<string, Lane>();
  /** The lanes with waiting work that may run more, in the order of their turns. */
  readonly #turns = new Set<Lane>();
  readonly #places: Places = {
    leave: (lane) => this.#leave(lane),
    retake: (key) => {
      const lane = this.#laneOf(key);
      this.#take(lane);
      return lane;
    },
    rejoin: async (key) => {
      if (this.enter(key) === undefined) await this.wait(key);
      return this.#laneOf(key);
    },
  };
  #running = 0;
  #sweep: NodeJS.Timeout | undefined;

  /** @param refusalOf the error for work that is refused. */
  constructor(limits: FairQueueLimits, clock: Clock, refusalOf: (reason: QueueRefusal) => Error) {
    this.#limits = limits;
    this.#clock = clock;
    this.#refusalOf = refusalOf;
  }

  /** The number of keys with work. */
  get size(): number {
    return [...this.#lanes.values()].filter(({ running, waiting }) => running + waiting.length > 0).length;
  }

  /** Takes a place. Undefined if there is none: then the work has to wait. */
  enter(key: string): Place | undefined {
    const lane = this.#laneOf(key);
    if (lane.running >= this.#limits.perKey || this.#running >= this.#limits.total) return undefined;
    this.#take(lane);
    return this.#placeIn(lane);
  }

  /**
   * Waits for a place. Keys take turns, so work waits for the earlier work of its own key, and for as many pieces of each other
   * key at most. Rejects if too much work of the key waits, or after the longest wait.
   */
  wait(key: string, signal?: AbortSignal): Promise<Place> {
    const lane = this.#laneOf(key);
    if (lane.waiting.length >= this.#limits.waitingPerKey) return Promise.reject(this.#refusalOf('full'));
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

  #placeIn(lane: Lane): Place {
    return new TakenPlace(lane, this.#places);
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
    if (first?.signal?.aborted) first.refuse(this.#refusalOf('gone'));
    else if (first !== undefined) {
      this.#take(lane);
      first.begin(this.#placeIn(lane));
    }
  }

  #forgetEmpty(lane: Lane): void {
    if (lane.waiting.length > 0) return;
    this.#turns.delete(lane);
    // Most keys come back soon, and a map whose entries come and go is built again and again.
    if (lane.running === 0 && this.#lanes.size > KEPT_LANES) this.#lanes.delete(lane.key);
  }

  /** Refuses those that have waited too long. The first of a lane has waited longest. */
  #refuseOverdue(): void {
    const before = this.#clock.now() - this.#limits.waitMs;
    let isWaiting = false;
    for (const lane of this.#lanes.values()) {
      while (lane.waiting[0] !== undefined && lane.waiting[0].sinceMs < before)
        lane.waiting.shift()?.refuse(this.#refusalOf('overdue'));
      isWaiting ||= lane.waiting.length > 0;
      this.#forgetEmpty(lane);
    }
    if (isWaiting) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }
}
