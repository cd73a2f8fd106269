import { createItemSource, type ItemSource } from '../../kernel/item-source.js';
import type { StreamParts } from '../../kernel/item-stream.js';
import type { GraphqlContext } from '../context.js';
import { keyEnded, toStreamError } from './stream-errors.js';

/**
 * Why a stream ends: its last item. Thrown by the field's resolver it reaches the client as a result with an error,
 * over every transport alike, and the stream completes behind it.
 */
export class StreamEnd {
  constructor(readonly error: unknown) {}
}

/**
 * A subscription's stream. It ends at once when its client goes, and when its key is revoked or expires. It can be
 * returned while it waits, to which a generator would answer only with its next item.
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

/** The item, for the resolver of a subscription's field. @throws what the stream ended with. */
export function itemOf<Item>(item: Item | StreamEnd): Item {
  if (item instanceof StreamEnd) throw item.error;
  return item;
}
