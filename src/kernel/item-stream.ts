import { type Fail, PullStream, type Take, toPullStream } from './pull-stream.js';

/** What becomes of a stream's items, one at a time, on their way to the reader. */
export interface Stage<Item, Output> {
  /** Calls one of the two once, and at once where it can. Must not throw. */
  pass(item: Item, give: (output: Output) => void, fail: Fail): void;
  /** What the reader gets of an error that ends the stream. */
  toError(error: unknown): unknown;
  /** Called once, when the stream ends. */
  close(): void;
}

/** What an input gives: items, or null to end the stream. A promise only where there is something to wait for. */
export type Found<Item> = readonly Item[] | null | Promise<readonly Item[] | null>;

/** What a stream is made of. Items are never undefined. */
export interface StreamParts<Input, Item> {
  readonly from: AsyncIterable<Input>;
  /** The items before any input. */
  readonly first?: readonly Item[];
  readonly toItems: (input: Input) => Found<Item>;
  /** The last item of a stream that an error of the source or of its items ends; if left out, the reader gets the error. */
  readonly toLast?: (error: unknown) => Item;
  /**
   * Calls `end` with the last item when the stream has to end; returns the function that stops watching. The `return` of
   * `from` must then end a `next` that waits.
   */
  readonly watchEnd?: (end: (last: Item) => void) => () => void;
}

interface Reader<Output> {
  readonly take: Take<Output>;
  readonly fail: Fail;
}

/** A stream that can be ended for a reader that waits. */
export interface EndableStream<Output> extends PullStream<Output> {
  /** Ends the stream now, also for a reader that waits, with an output that says why if there is one. */
  end(last?: Output): void;
}

/**
 * A stream of items that passes each through a stage. It ends with its source, by a last item that says why, or by `end`;
 * the last two also for a reader that waits. One object does all of it: a thousand streams may wait for the same event, and
 * each further stream in between would be asked and would answer a thousand times.
 *
 * Read by one reader, which asks again when it has been answered.
 */
export class ItemStream<Input, Item, Output> extends PullStream<Output> implements EndableStream<Output> {
  readonly #source: PullStream<Input>;
  readonly #parts: StreamParts<Input, Item>;
  readonly #stage: Stage<Item, Output>;
  readonly #signal: AbortSignal | undefined;
  readonly #onEnd: () => void;
  readonly #unwatch: (() => void) | undefined;
  /** Items that were found together and wait to be taken. */
  readonly #waiting: Item[];
  #reader: Reader<Output> | undefined;
  /** Says why the stream ends, and passes through the stage. */
  #last: Item | undefined;
  /** What `end` was given. */
  #lastOutput: Output | undefined;
  #isSourceOver = false;
  /** Nothing more is taken from the source. */
  #isStopped = false;
  /** Nothing more is given to the reader, but `lastOutput`. */
  #isOver = false;

  constructor(
    parts: StreamParts<Input, Item>,
    stage: Stage<Item, Output>,
    signal: AbortSignal | undefined,
    onEnd: () => void,
  ) {
    super();
    this.#source = toPullStream(parts.from);
    this.#parts = parts;
    this.#stage = stage;
    this.#signal = signal;
    this.#onEnd = onEnd;
    this.#waiting = [...(parts.first ?? [])];
    this.#unwatch = parts.watchEnd?.((last) => {
      this.#last = last;
      this.#stop();
    });
    signal?.addEventListener('abort', this.#abort, { once: true });
  }

  pull(take: Take<Output>, fail: Fail): void {
    if (this.#isOver) {
      take(this.#takeLastOutput());
      return;
    }
    this.#reader = { take, fail };
    this.#advance();
  }

  end(last?: Output): void {
    if (this.#isOver) return;
    this.#lastOutput = last;
    this.#finish();
    if (this.#reader) this.#answer(this.#takeLastOutput());
  }

  async return(): Promise<IteratorResult<Output, undefined>> {
    this.end();
    return { done: true, value: undefined };
  }

  readonly #abort = (): void => this.end();

  #advance(): void {
    const item = this.#isStopped ? this.#takeLast() : this.#waiting.shift();
    if (item !== undefined) this.#stage.pass(item, this.#give, this.#fail);
    else if (!this.#isStopped) this.#source.pull(this.#find, this.#failOfSource);
    else {
      this.#finish();
      this.#answer({ done: true, value: undefined });
    }
  }

  #takeLast(): Item | undefined {
    const last = this.#last;
    this.#last = undefined;
    return last;
  }

  readonly #find = (result: IteratorResult<Input, undefined>): void => {
    const found = this.#toFound(result);
    if (found instanceof Promise) found.then(this.#hand, this.#failOfItems);
    else this.#hand(found);
  };

  #toFound({ done, value }: IteratorResult<Input, undefined>): Found<Item> {
    this.#isSourceOver = done === true;
    if (done || this.#isStopped) return null;
    try {
      return this.#parts.toItems(value);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  readonly #hand = (found: readonly Item[] | null): void => {
    if (this.#isOver) return;
    if (found === null) this.#stop();
    else this.#waiting.push(...found);
    this.#advance();
  };

  readonly #failOfSource = (error: unknown): void => {
    this.#isSourceOver = true;
    this.#failOfItems(error);
  };

  readonly #failOfItems = (error: unknown): void => {
    if (this.#isOver) return;
    const { toLast } = this.#parts;
    if (toLast === undefined) this.#fail(error);
    else {
      this.#last ??= toLast(error);
      this.#stop();
      this.#advance();
    }
  };

  readonly #give = (value: Output): void => this.#answer({ done: false, value });

  readonly #fail = (error: unknown): void => {
    if (this.#isOver) return;
    this.#finish();
    this.#reader?.fail(this.#stage.toError(error));
  };

  #answer(result: IteratorResult<Output, undefined>): void {
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.take(result);
  }

  #takeLastOutput(): IteratorResult<Output, undefined> {
    const last = this.#lastOutput;
    this.#lastOutput = undefined;
    return last === undefined ? { done: true, value: undefined } : { done: false, value: last };
  }

  #stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#unwatch?.();
    // A generator that waits answers to return() only when it goes on, so nothing waits for it.
    if (!this.#isSourceOver)
      this.#source.return().then(
        () => undefined,
        () => undefined,
      );
  }

  #finish(): void {
    this.#isOver = true;
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#stop();
    this.#stage.close();
    this.#onEnd();
  }
}
