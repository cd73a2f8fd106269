import type { GraphqlContext } from './context.js';
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
  readonly toItems: (input: Input) => readonly Item[] | null | Promise<readonly Item[] | null>;
}

/**
 * A subscription's stream. It ends at once when its client goes, and when its key is revoked or expires. It can be
 * returned while it waits, to which a generator would answer only with its next item.
 */
export function openStream<Input, Item>(
  context: GraphqlContext,
  source: StreamSource<Input, Item>,
): AsyncIterableIterator<Item | StreamEnd> {
  return new ItemStream(context, source);
}

type Next<Item> = IteratorResult<Item | StreamEnd, undefined>;

/** Without `async`, for a process with many streams spends its time on promises. */
class ItemStream<Input, Item> implements AsyncIterableIterator<Item | StreamEnd> {
  readonly #source: StreamSource<Input, Item>;
  readonly #signal: AbortSignal;
  readonly #unwatch: () => void;
  /** Items that were found together and wait to be taken. */
  readonly #waiting: Item[];
  #end: StreamEnd | undefined;
  #isStopped = false;
  #isOver = false;

  constructor({ viewer, feed, signal }: GraphqlContext, source: StreamSource<Input, Item>) {
    this.#source = source;
    this.#waiting = [...(source.first ?? [])];
    this.#unwatch = feed.watchKey(viewer.keyId, () => {
      this.#end = new StreamEnd(keyEnded());
      this.#stop();
    });
    this.#signal = signal;
    signal.addEventListener('abort', this.#stop);
    if (signal.aborted) this.#stop();
  }

  next(): Promise<Next<Item>> {
    const taken = this.#take();
    return taken ? Promise.resolve(taken) : this.#source.from.next().then(this.#find, this.#fail);
  }

  async return(): Promise<Next<Item>> {
    this.#isOver = true;
    this.#stop();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): Next<Item> | undefined {
    if (this.#isStopped) return this.#finish();
    const item = this.#waiting.shift();
    return item === undefined ? undefined : { done: false, value: item };
  }

  readonly #find = ({ done, value }: IteratorResult<Input>): Next<Item> | Promise<Next<Item>> => {
    if (done || this.#isStopped) return this.#finish();
    const found = this.#source.toItems(value);
    return found instanceof Promise ? found.then(this.#hand, this.#fail) : this.#hand(found);
  };

  readonly #hand = (found: readonly Item[] | null): Next<Item> | Promise<Next<Item>> => {
    if (found === null) return this.#finish();
    this.#waiting.push(...found);
    return this.#take() ?? this.next();
  };

  readonly #fail = (error: unknown): Next<Item> => {
    this.#end ??= new StreamEnd(toStreamError(error));
    return this.#finish();
  };

  readonly #stop = (): void => {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#unwatch();
    this.#signal.removeEventListener('abort', this.#stop);
    void this.#source.from.return?.();
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
