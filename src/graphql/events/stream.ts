import { createItemSource, type ItemSource } from '../../kernel/item-source.js';
import type { StreamParts } from '../../kernel/item-stream.js';
import type { GraphqlContext } from '../context.js';
import { keyEnded, toStreamError } from './stream-errors.js';

/**
 * The last item of a stream: the reason for its end. The field's resolver throws it, so on every transport the client
 * gets a result with an error before the stream completes.
 */
export class StreamEnd {
  constructor(readonly error: unknown) {}
}

/**
 * The stream of a subscription. It ends at once when its client disconnects or its key is revoked or expires. `return`
 * works while `next` is pending; a generator would answer `return` only after its next item.
 */
export function createStream<Input, Item>(
  { viewer, feed, signal }: GraphqlContext,
  parts: Pick<StreamParts<Input, Item>, 'from' | 'first' | 'toItems'>,
): ItemSource<Item | StreamEnd> {
  return createItemSource<Input, Item | StreamEnd>(
    {
      ...parts,
      toLast: (error) => new StreamEnd(toStreamError(error)),
      watchEnd: (end) => feed.watchKey(viewer.keyId, () => end(new StreamEnd(keyEnded()))),
    },
    signal,
  );
}

/** Unwraps an item in the resolver of a subscription field. @throws the error that ended the stream. */
export function itemOf<Item>(item: Item | StreamEnd): Item {
  if (item instanceof StreamEnd) throw item.error;
  return item;
}
