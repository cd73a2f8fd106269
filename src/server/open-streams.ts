/** The subscriptions that are open in this process, whatever carries them. */
export interface OpenStreams<Item> {
  /** The same stream, which also ends when the signal is aborted or all are ended. Its source is closed with it. */
  open(source: AsyncIterable<Item>, signal: AbortSignal): AsyncIterableIterator<Item>;
  /** Completes every open stream, and every one that is opened from now on, with a last item that says why. */
  endAll(last: Item): void;
}

/** `onChange` is told how many are open whenever that has changed. */
export function createOpenStreams<Item>(
  onChange: (open: number) => void = () => undefined,
): OpenStreams<Item> {
  const streams = new Set<EndableStream<Item>>();
  let lastOfAll: Item | undefined;
  return {
    open(source, signal) {
      const stream = new EndableStream(source[Symbol.asyncIterator](), signal, () => {
        if (streams.delete(stream)) onChange(streams.size);
      });
      streams.add(stream);
      onChange(streams.size);
      if (lastOfAll !== undefined || signal.aborted) stream.end(lastOfAll);
      return stream;
    },
    endAll(last) {
      lastOfAll = last;
      for (const stream of streams) stream.end(last);
    },
  };
}

type Settle<Item> = (result: IteratorResult<Item>) => void;

class EndableStream<Item> implements AsyncIterableIterator<Item> {
  readonly #source: AsyncIterator<Item>;
  readonly #signal: AbortSignal;
  readonly #onEnd: () => void;
  #settleNext: Settle<Item> | undefined;
  #last: Item | undefined;
  #isEnded = false;

  constructor(source: AsyncIterator<Item>, signal: AbortSignal, onEnd: () => void) {
    this.#source = source;
    this.#signal = signal;
    this.#onEnd = onEnd;
    signal.addEventListener('abort', this.#abort, { once: true });
  }

  /** Completes the stream now, also for a reader that is waiting, and lets the source clean up behind it. */
  end(last?: Item): void {
    if (this.#isEnded) return;
    this.#finish();
    this.#last = last;
    this.#settleNext?.(this.#takeLast());
    // A generator that waits answers to return() only when it goes on, so nobody waits for it.
    this.#source.return?.().then(undefined, () => undefined);
  }

  next(): Promise<IteratorResult<Item>> {
    if (this.#isEnded) return Promise.resolve(this.#takeLast());
    return new Promise((resolve, reject) => {
      this.#settleNext = resolve;
      this.#source.next().then(
        (result) => {
          this.#settleNext = undefined;
          if (result.done) this.#finish();
          resolve(result);
        },
        (error: unknown) => {
          this.#finish();
          reject(error);
        },
      );
    });
  }

  return(): Promise<IteratorResult<Item>> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  readonly #abort = (): void => this.end();

  #takeLast(): IteratorResult<Item> {
    const last = this.#last;
    this.#last = undefined;
    return last === undefined ? { done: true, value: undefined } : { done: false, value: last };
  }

  #finish(): void {
    this.#isEnded = true;
    this.#signal.removeEventListener('abort', this.#abort);
    this.#onEnd();
  }
}
