/** Pieces of long work of one key that wait, in their order. */
type Lane = (() => void)[];

/**
 * Hands out turns of the event loop to long work: one piece in each turn of the loop, so that all other work runs between two of
 * them. Keys take turns with each other, so a key waits for one piece of each other key at most, and for its own earlier ones.
 */
export class Turns {
  /** In the order of the keys' next turns. Only keys with waiting work are in it. */
  readonly #lanes = new Map<string, Lane>();

  /** Resolves when it is the turn of the key. The work has to begin at once, without waiting for something else. */
  next(key: string): Promise<void> {
    return new Promise((begin) => {
      const lane = this.#lanes.get(key);
      if (lane !== undefined) {
        lane.push(begin);
        return;
      }
      this.#lanes.set(key, [begin]);
      if (this.#lanes.size === 1) setImmediate(this.#grant);
    });
  }

  readonly #grant = (): void => {
    const [first] = this.#lanes;
    if (first === undefined) return;
    const [key, lane] = first;
    lane.shift()?.();
    this.#lanes.delete(key);
    if (lane.length > 0) this.#lanes.set(key, lane);
    if (this.#lanes.size === 0) return;
    // After the work has begun, so that its own next steps come before the next piece.
    queueMicrotask(() => setImmediate(this.#grant));
  };
}
