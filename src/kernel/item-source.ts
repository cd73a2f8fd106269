import { type EndableStream, ItemStream, type Stage, type StreamParts } from './item-stream.js';

/**
 * A stream before it is opened: what carries it to a client adds its own stage and opens one stream of both. Without a
 * stage it can be iterated as it is. Open it once.
 */
export abstract class ItemSource<Item> implements AsyncIterable<Item> {
  /** The stream also ends when the signal is aborted; one that is aborted already is for the caller to see. */
  abstract open<Output>(
    stage: Stage<Item, Output>,
    signal?: AbortSignal,
    onEnd?: () => void,
  ): EndableStream<Output>;

  abstract [Symbol.asyncIterator](): EndableStream<Item>;
}

/** @param signal - ends a stream that is iterated without a stage. */
export function createItemSource<Input, Item>(
  parts: StreamParts<Input, Item>,
  signal?: AbortSignal,
): ItemSource<Item> {
  return new MadeSource(parts, signal);
}

/** The source itself, if it is one already. */
export function toItemSource<Item>(source: AsyncIterable<Item>): ItemSource<Item> {
  return source instanceof ItemSource
    ? source
    : createItemSource({ from: source, toItems: (item) => [item] });
}

/** Gives each item as it is. */
export function unchanged<Item>(): Stage<Item, Item> {
  return {
    pass: (item, give) => give(item),
    toError: (error) => error,
    close: () => undefined,
  };
}

class MadeSource<Input, Item> extends ItemSource<Item> {
  readonly #parts: StreamParts<Input, Item>;
  readonly #signal: AbortSignal | undefined;

  constructor(parts: StreamParts<Input, Item>, signal: AbortSignal | undefined) {
    super();
    this.#parts = parts;
    this.#signal = signal;
  }

  open<Output>(
    stage: Stage<Item, Output>,
    signal?: AbortSignal,
    onEnd: () => void = () => undefined,
  ): EndableStream<Output> {
    return new ItemStream(this.#parts, stage, signal, onEnd);
  }

  [Symbol.asyncIterator](): EndableStream<Item> {
    const stream = this.open(unchanged<Item>(), this.#signal);
    if (this.#signal?.aborted) stream.end();
    return stream;
  }
}
