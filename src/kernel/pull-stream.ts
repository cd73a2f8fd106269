export type Take<Item> = (result: IteratorResult<Item, undefined>) => void;
export type Fail = (error: unknown) => void;

/**
 * An asynchronous iterator that can be asked without promises as well: with a thousand streams that wait for the same
 * event, the promises between its source and their sockets cost as much as the rest.
 */
export abstract class PullStream<Item> implements AsyncIterableIterator<Item> {
  /**
   * Asks for the next item. Calls one of the two, once, maybe at once; they must not throw. Ask again only when answered.
   */
  abstract pull(take: Take<Item>, fail: Fail): void;
  /** Ends the stream, also for who waits for an item. */
  abstract return(): Promise<IteratorResult<Item, undefined>>;

  next(): Promise<IteratorResult<Item, undefined>> {
    return new Promise((resolve, reject) => this.pull(resolve, reject));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** The same stream, if it is one already. */
export function toPullStream<Item>(source: AsyncIterable<Item>): PullStream<Item> {
  return source instanceof PullStream ? source : new IteratedStream(source[Symbol.asyncIterator]());
}

class IteratedStream<Item> extends PullStream<Item> {
  readonly #iterator: AsyncIterator<Item, undefined>;

  constructor(iterator: AsyncIterator<Item, undefined>) {
    super();
    this.#iterator = iterator;
  }

  pull(take: Take<Item>, fail: Fail): void {
    this.#iterator.next().then(take, fail);
  }

  async return(): Promise<IteratorResult<Item, undefined>> {
    await this.#iterator.return?.();
    return { done: true, value: undefined };
  }
}
