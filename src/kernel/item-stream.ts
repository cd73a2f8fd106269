import { type Fail, PullStream, type Take, toPullStream } from './pull-stream.js';

/** Turns the items of a stream into what its reader gets, one at a time. */
export interface Stage<Item, Output> {
  /**
   * Calls one of the two callbacks, exactly once and before it returns where possible. Must not throw.
   *
   * @param next - the items that are passed after this one, as far as they are known. Valid until the call returns.
   */
  pass(item: Item, give: (output: Output) => void, fail: Fail, next: readonly Item[]): void;
  /** The error that the reader gets for an error that ends the stream. */
  toError(error: unknown): unknown;
  /** Called once, when the stream ends. */
  close(): void;
}

/** The items of an input, or null to end the stream. A promise only if something has to be awaited. */
export type Found<Item> = readonly Item[] | null | Promise<readonly Item[] | null>;

/** The parts of a stream. Items are never undefined. */
export interface StreamParts<Input, Item> {
  readonly from: AsyncIterable<Input>;
  /** The items before any input. */
  readonly first?: readonly Item[];
  readonly toItems: (input: Input) => Found<Item>;
  /** The last item after an error of the source or of `toItems`. Without it the reader gets the error. */
  readonly toLast?: (error: unknown) => Item;
  /**
   * Calls `end` with the last item when the stream has to end; returns a function that stops watching. Requires that the
   * `return` of `from` ends a pending `next`.
   */
  readonly watchEnd?: (end: (last: Item) => void) => () => void;
}

interface Reader<Output> {
  readonly take: Take<Output>;
  readonly fail: Fail;
}

/** A stream that its owner can end, also while a request is pending. */
export interface EndableStream<Output> extends PullStream<Output> {
  /** Ends the stream now. A pending request, or the next one, is answered with `last` if given. */
  end(last?: Output): void;
}

/**
 * A stream that passes each item through a stage. It ends with its source, with a last item that says why, or by `end`.
 * One object does all of it: a thousand streams may wait for the same event, and each further stream in between would cost
 * a request and an answer in each of them.
 *
 * One reader reads it, and makes the next request only after the answer.
 */
export class ItemStream<Input, Item, Output> extends PullStream<Output> implements EndableStream<Output> {
  readonly #source: PullStream<Input>;
  readonly #parts: StreamParts<Input, Item>;
  readonly #stage: Stage<Item, Output>;
  readonly #signal: AbortSignal | undefined;
  readonly #onEnd: () => void;
  readonly #unwatch: (() => void) | undefined;
  /** Items of one input that are not taken yet. */
  readonly #waiting: Item[];
  #reader: Reader<Output> | undefined;
  /** The item that says why the stream ends. It passes through the stage. */
  #last: Item | undefined;
  /** The argument of `end`. It does not pass through the stage. */
  #lastOutput: Output | undefined;
  #isSourceOver = false;
  /** No further input is requested. */
  #isStopped = false;
  /** The reader gets only `lastOutput` and the end. */
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
    this.#source.noteReader(true);
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
    if (item !== undefined)
      this.#stage.pass(item, this.#give, this.#fail, this.#isStopped ? [] : this.#waiting);
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
    this.#source.noteReader(false);
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
    // A generator answers return() only after its pending next(), so it is not awaited.
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
