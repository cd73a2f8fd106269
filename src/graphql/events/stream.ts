import { PullStream, type Take, toPullStream } from '../../kernel/pull-stream.js';
import type { GraphqlContext } from '../context.js';
import { keyEnded, toStreamError } from './stream-errors.js';

/**
 * Why a stream ends: its last item. Thrown by the field's resolver it reaches the client as a result with an error,
 * over every transport alike, and the stream completes behind it.
 */
export class StreamEnd {
  constructor(readonly error: unknown) {}
}

export interface StreamSource<Input, Item> {
  /** What the stream is made from. Its `return` must end a `next` that waits. */
  readonly from: AsyncIterableIterator<Input>;
  /** The items before any input. */
  readonly first?: readonly Item[];
  /** The items that an input gives; null ends the stream. A promise only where there is something to wait for. */
  readonly toItems: (input: Input) => Found<Item>;
}

type Found<Item> = readonly Item[] | null | Promise<readonly Item[] | null>;

/**
 * A subscription's stream. It ends at once when its client goes, and when its key is revoked or expires. It can be
 * returned while it waits, to which a generator would answer only with its next item.
 */
export function openStream<Input, Item>(
  context: GraphqlContext,
  source: StreamSource<Input, Item>,
): PullStream<Item | StreamEnd> {
  return new ItemStream(context, source);
}

type Next<Item> = IteratorResult<Item | StreamEnd, undefined>;

/** Read by one reader, which asks again when it has been answered. */
class ItemStream<Input, Item> extends PullStream<Item | StreamEnd> {
  readonly #from: PullStream<Input>;
  readonly #toItems: (input: Input) => Found<Item>;
  readonly #signal: AbortSignal;
  readonly #unwatch: () => void;
  /** Items that were found together and wait to be taken. */
  readonly #waiting: Item[];
  #answer: Take<Item | StreamEnd> = () => undefined;
  #end: StreamEnd | undefined;
  #isStopped = false;
  #isOver = false;

  constructor(
    { viewer, feed, signal }: GraphqlContext,
    { from, first = [], toItems }: StreamSource<Input, Item>,
  ) {
    super();
    this.#from = toPullStream(from);
    this.#toItems = toItems;
    this.#waiting = [...first];
    this.#unwatch = feed.watchKey(viewer.keyId, () => {
      this.#end = new StreamEnd(keyEnded());
      this.#stop();
    });
    this.#signal = signal;
    signal.addEventListener('abort', this.#stop);
    if (signal.aborted) this.#stop();
  }

  pull(take: Take<Item | StreamEnd>): void {
    this.#answer = take;
    const taken = this.#take();
    if (taken) take(taken);
    else this.#from.pull(this.#find, this.#fail);
  }

  async return(): Promise<Next<Item>> {
    this.#isOver = true;
    this.#stop();
    return { done: true, value: undefined };
  }

  #take(): Next<Item> | undefined {
    if (this.#isStopped) return this.#finish();
    const item = this.#waiting.shift();
    return item === undefined ? undefined : { done: false, value: item };
  }

  readonly #find = (result: IteratorResult<Input, undefined>): void => {
    const found = this.#toFound(result);
    if (found instanceof Promise) found.then(this.#hand, this.#fail);
    else this.#hand(found);
  };

  #toFound({ done, value }: IteratorResult<Input, undefined>): Found<Item> {
    if (done || this.#isStopped) return null;
    try {
      return this.#toItems(value);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  readonly #hand = (found: readonly Item[] | null): void => {
    if (found === null) this.#stop();
    else this.#waiting.push(...found);
    this.pull(this.#answer);
  };

  readonly #fail = (error: unknown): void => {
    this.#end ??= new StreamEnd(toStreamError(error));
    this.#stop();
    this.pull(this.#answer);
  };

  readonly #stop = (): void => {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#unwatch();
    this.#signal.removeEventListener('abort', this.#stop);
    void this.#from.return();
  };

  /** The last item, if there is one to say why, and then no more. */
  #finish(): Next<Item> {
    this.#stop();
    const last = this.#isOver ? undefined : this.#end;
    this.#isOver = true;
    return last === undefined ? { done: true, value: undefined } : { done: false, value: last };
  }
}

/** The item, for the resolver of a subscription's field. @throws what the stream ended with. */
export function itemOf<Item>(item: Item | StreamEnd): Item {
  if (item instanceof StreamEnd) throw item.error;
  return item;
}
