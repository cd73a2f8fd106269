import { type Fail, PullStream, type Take, toPullStream } from '../../kernel/pull-stream.js';

/** The subscriptions that are open in this process, whatever carries them. */
export interface OpenStreams<Item> {
  /**
   * What the stage makes of the source's values, as a stream that also ends when the signal is aborted or all are ended.
   * The source and the stage are closed with it.
   */
  open<Input>(source: AsyncIterable<Input>, signal: AbortSignal, stage: Stage<Input, Item>): PullStream<Item>;
  /** Completes every open stream, and every one that is opened from now on, with a last item that says why. */
  endAll(last: Item): void;
}

/** What becomes of a stream's values, one at a time, on their way. */
export interface Stage<Input, Item> {
  /** Calls one of the two once, and at once where it can. */
  pass(value: Input, give: (item: Item) => void, fail: (error: unknown) => void): void;
  /** What the reader gets of an error that ends the stream. */
  toError(error: unknown): unknown;
  /** Called once. */
  close(): void;
}

/** `onChange` is told how many are open whenever that has changed. */
export function createOpenStreams<Item>(
  onChange: (open: number) => void = () => undefined,
): OpenStreams<Item> {
  const streams = new Set<{ end(last?: Item): void }>();
  let lastOfAll: Item | undefined;
  return {
    open(source, signal, stage) {
      const stream = new EndableStream(toPullStream(source), signal, stage, () => {
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

interface Reader<Item> {
  readonly take: Take<Item>;
  readonly fail: Fail;
}

/** Read by one reader, which asks again when it has been answered. */
class EndableStream<Input, Item> extends PullStream<Item> {
  readonly #source: PullStream<Input>;
  readonly #signal: AbortSignal;
  readonly #stage: Stage<Input, Item>;
  readonly #onEnd: () => void;
  #reader: Reader<Item> | undefined;
  #last: Item | undefined;
  #isEnded = false;

  constructor(source: PullStream<Input>, signal: AbortSignal, stage: Stage<Input, Item>, onEnd: () => void) {
    super();
    this.#source = source;
    this.#signal = signal;
    this.#stage = stage;
    this.#onEnd = onEnd;
    signal.addEventListener('abort', this.#abort, { once: true });
  }

  /** Completes the stream now, also for a reader that is waiting, and lets the source clean up behind it. */
  end(last?: Item): void {
    if (this.#isEnded) return;
    this.#finish();
    this.#last = last;
    if (this.#reader) this.#answer(this.#takeLast());
    // A generator that waits answers to return() only when it goes on, so nobody waits for it.
    this.#source.return().then(undefined, () => undefined);
  }

  pull(take: Take<Item>, fail: Fail): void {
    if (this.#isEnded) {
      take(this.#takeLast());
      return;
    }
    this.#reader = { take, fail };
    this.#source.pull(this.#take, this.#fail);
  }

  async return(): Promise<IteratorResult<Item, undefined>> {
    this.end();
    return { done: true, value: undefined };
  }

  readonly #abort = (): void => this.end();

  readonly #take = (result: IteratorResult<Input, undefined>): void => {
    if (this.#isEnded) return;
    if (!result.done) {
      this.#stage.pass(result.value, this.#give, this.#fail);
      return;
    }
    this.#finish();
    this.#answer({ done: true, value: undefined });
  };

  readonly #give = (value: Item): void => this.#answer({ done: false, value });

  readonly #fail = (error: unknown): void => {
    if (this.#isEnded) return;
    this.#finish();
    this.#reader?.fail(this.#stage.toError(error));
  };

  #answer(result: IteratorResult<Item, undefined>): void {
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.take(result);
  }

  #takeLast(): IteratorResult<Item, undefined> {
    const last = this.#last;
    this.#last = undefined;
    return last === undefined ? { done: true, value: undefined } : { done: false, value: last };
  }

  #finish(): void {
    this.#isEnded = true;
    this.#signal.removeEventListener('abort', this.#abort);
    this.#stage.close();
    this.#onEnd();
  }
}
