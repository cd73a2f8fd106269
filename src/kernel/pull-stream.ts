/** Receives the next item, or the end of the stream. */
export type Take<Item> = (result: IteratorResult<Item, undefined>) => void;

/** Receives the error that ended the stream. */
export type Fail = (error: unknown) => void;

/**
 * An asynchronous iterator that also takes callbacks instead of promises. When a thousand streams wait for the same
 * event, the promises between its source and their sockets cost as much as all other work.
 */
export abstract class PullStream<Item> implements AsyncIterableIterator<Item> {
  /**
   * Requests the next item. Calls one of the two callbacks, exactly once and possibly before it returns. They must not
   * throw. Request again only after the answer.
   */
  abstract pull(take: Take<Item>, fail: Fail): void;
  /**
   * Tells whether the reader of the last answer's items waits for one of them, or has one and has not asked for the next. Only a source
   * that ends readers which take nothing has to know.
   */
  noteReader(_isWaiting: boolean): void {}
  /** Ends the stream. A pending request is answered with the end. */
  abstract return(): Promise<IteratorResult<Item, undefined>>;

  next(): Promise<IteratorResult<Item, undefined>> {
    return new Promise((resolve, reject) => this.pull(resolve, reject));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Turns an asynchronous iterable into a PullStream. A PullStream is returned unchanged. */
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
