import { performance } from 'node:perf_hooks';

/** Pieces of long work of one key that wait, in their order. */
type Lane = (() => void)[];

/** Work without a turn that took more is long, in milliseconds. */
const LONG_MS = 5;

/** A piece that took less is followed by the next one without a pause, in milliseconds. */
const SHORT_MS = 1;

/**
 * Hands out turns of the event loop to long work: one piece in each turn of the loop, and after it a pause that is as long as the piece
 * was. In the pause a claim can take all its steps, each of which would otherwise wait for a piece. Keys take turns with each other, so a
 * key waits for one piece of each other key at most, and for its own earlier ones.
 */
export class Turns {
  /** In the order of the keys' next turns. Only keys with waiting work are in it. */
  readonly #lanes = new Map<string, Lane>();
  /** Keys whose last work was long, for as long as it took. */
  readonly #resting = new Set<string>();
  #isPlanned = false;
  #beganAt = 0;

  /** Resolves when it is the turn of the key. The work has to begin at once, without waiting for something else. */
  next(key: string): Promise<void> {
    return new Promise((begin) => {
      const lane = this.#lanes.get(key);
      if (lane === undefined) this.#lanes.set(key, [begin]);
      else lane.push(begin);
      if (!this.#isPlanned) this.#plan();
    });
  }

  /** Whether more work of the key has to wait for its turn. */
  isBusy(key: string): boolean {
    return this.#resting.size > 0 && this.#resting.has(key);
  }

  /** Notes work that began without a turn. After long work the key waits for its turn with the next, for as long as that took. */
  charge(key: string, tookMs: number): void {
    if (tookMs <= LONG_MS || this.#resting.has(key)) return;
    this.#resting.add(key);
    setTimeout(() => this.#resting.delete(key), tookMs);
  }

  readonly #plan = (): void => {
    this.#isPlanned = true;
    setImmediate(this.#grant);
    // In the same turn of the loop: the piece is done between these two.
    setImmediate(this.#planNext);
  };

  readonly #grant = (): void => {
    this.#beganAt = performance.now();
    const [first] = this.#lanes;
    if (first === undefined) return;
    const [key, lane] = first;
    lane.shift()?.();
    this.#lanes.delete(key);
    if (lane.length > 0) this.#lanes.set(key, lane);
  };

  readonly #planNext = (): void => {
    const tookMs = performance.now() - this.#beganAt;
    if (tookMs > SHORT_MS) setTimeout(this.#continue, tookMs);
    else this.#continue();
  };

  readonly #continue = (): void => {
    this.#isPlanned = false;
    if (this.#lanes.size > 0) this.#plan();
  };
}
