import { type EndableStream, ItemStream, type Stage, type StreamParts } from './item-stream.js';

/**
 * The description of a stream that is not open yet. A transport opens it with a stage of its own, so that source and
 * stage are one stream. It can also be iterated without a stage. Open it once.
 */
export abstract class ItemSource<Item> implements AsyncIterable<Item> {
  /** The stream also ends when the signal is aborted. The caller checks whether it was aborted before. */
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

/** Turns an asynchronous iterable into an ItemSource. An ItemSource is returned unchanged. */
export function toItemSource<Item>(source: AsyncIterable<Item>): ItemSource<Item> {
  return source instanceof ItemSource
    ? source
    : createItemSource({ from: source, toItems: (item) => [item] });
}

/** A stage that passes each item on unchanged. */
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
