import { type Fail, PullStream, type Take } from './pull-stream.js';

/** Stands between the items of a {@link RungStream} where it was rung. */
export const RING = Symbol('ring');

interface Reader<Item> {
  readonly take: Take<Item | typeof RING>;
  readonly fail: Fail;
}

type Answer<Item> = { readonly result: IteratorResult<Item, undefined> } | { readonly error: unknown };

/**
 * A stream whose reader can also be woken by something else than its source: after `ring`, it gets {@link RING} once. The request that
 * the source has not answered yet stays open meanwhile.
 */
export class RungStream<Item> extends PullStream<Item | typeof RING> {
  readonly #source: PullStream<Item>;
  readonly #onReturn: () => void;
  #reader: Reader<Item> | undefined;
  #isRung = false;
  #isRequested = false;
  /** What the source has answered after the reader was answered with a ring. */
  #answer: Answer<Item> | undefined;

  /** @param onReturn - called when the reader ends the stream. */
  constructor(source: PullStream<Item>, onReturn: () => void) {
    super();
    this.#source = source;
    this.#onReturn = onReturn;
  }

  /** Gives the reader {@link RING} now, or with its next request. */
  ring(): void {
    this.#isRung = true;
    this.#advance();
  }

  pull(take: Take<Item | typeof RING>, fail: Fail): void {
    this.#reader = { take, fail };
    this.#advance();
    if (this.#reader === undefined || this.#isRequested) return;
    this.#isRequested = true;
    this.#source.pull(
      (result) => this.#keep({ result }),
      (error) => this.#keep({ error }),
    );
  }

  override noteReader(isWaiting: boolean): void {
    this.#source.noteReader(isWaiting);
  }

  async return(): Promise<IteratorResult<Item, undefined>> {
    this.#onReturn();
    return this.#source.return();
  }

  #keep(answer: Answer<Item>): void {
    this.#isRequested = false;
    this.#answer = answer;
    this.#advance();
  }

  /** What the source has answered comes first, so that a ring never delays it. */
  #advance(): void {
    const reader = this.#reader;
    const answer = this.#answer;
    if (reader === undefined || (answer === undefined && !this.#isRung)) return;
    this.#reader = undefined;
    if (answer === undefined) {
      this.#isRung = false;
      reader.take({ value: RING, done: false });
      return;
    }
    this.#answer = undefined;
    if ('error' in answer) reader.fail(answer.error);
    else reader.take(answer.result);
  }
}
