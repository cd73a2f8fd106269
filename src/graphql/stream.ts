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
  /** The items that an input gives; null ends the stream. */
  readonly toItems: (input: Input) => Promise<readonly Item[] | null>;
}

/**
 * A subscription's stream. It ends at once when its client goes, and when its key is revoked or expires. It can be
 * returned while it waits, to which a generator alone would answer only with its next item.
 */
export function openStream<Input, Item>(
  { viewer, feed, signal }: GraphqlContext,
  { from, first = [], toItems }: StreamSource<Input, Item>,
): AsyncIterableIterator<Item | StreamEnd> {
  let end: StreamEnd | undefined;
  let isStopped = false;

  function stop(): void {
    isStopped = true;
    unwatch();
    signal.removeEventListener('abort', stop);
    void from.return?.();
  }

  const unwatch = feed.watchKey(viewer.keyId, () => {
    end = new StreamEnd(keyEnded());
    stop();
  });
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();

  async function* items(): AsyncGenerator<Item | StreamEnd> {
    try {
      yield* untilStopped(first);
      for await (const input of from) {
        const found = await toItems(input);
        if (found === null) break;
        yield* untilStopped(found);
      }
    } catch (error) {
      end ??= new StreamEnd(toStreamError(error));
    }
    stop();
    if (end !== undefined) yield end;
  }

  function* untilStopped(found: readonly Item[]): Generator<Item> {
    for (const item of found) {
      if (isStopped) return;
      yield item;
    }
  }

  return endingWith(items(), stop);
}

function endingWith<Item>(
  generator: AsyncGenerator<Item, void>,
  stop: () => void,
): AsyncIterableIterator<Item> {
  return {
    next: () => generator.next(),
    return: () => {
      stop();
      return generator.return();
    },
    throw: (error: unknown) => {
      stop();
      return generator.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** The item, for the resolver of a subscription's field. @throws what the stream ended with. */
export function itemOf<Item>(item: Item | StreamEnd): Item {
  if (item instanceof StreamEnd) throw item.error;
  return item;
}
