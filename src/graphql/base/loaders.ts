import DataLoader from 'dataloader';
import type { GraphqlContext } from '../context.js';

type Batch<Value> = (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>;

const LOADERS = new WeakMap<GraphqlContext, Map<string, DataLoader<string, unknown>>>();

/**
 * Loads one value. All calls with the same name in the same step of an operation share one batch. Nothing is cached
 * afterwards, because the context of a subscription lives as long as the subscription.
 *
 * @param name - must identify everything that `batch` closes over, so that different batches never share a result.
 * @returns the value of the key; undefined if the batch has none.
 */
export function loadBatched<Value>(
  context: GraphqlContext,
  name: string,
  key: string,
  batch: Batch<Value>,
): Promise<Value | undefined> {
  let loaders = LOADERS.get(context);
  if (loaders === undefined) {
    loaders = new Map();
    LOADERS.set(context, loaders);
  }
  let loader = loaders.get(name) as DataLoader<string, Value | undefined> | undefined;
  if (loader === undefined) {
    loader = createLoader(batch);
    loaders.set(name, loader);
  }
  return loader.load(key);
}

function createLoader<Value>(batch: Batch<Value>): DataLoader<string, Value | undefined> {
  return new DataLoader(
    async (keys: readonly string[]) => {
      const found = await batch([...new Set(keys)]);
      return keys.map((key) => found.get(key));
    },
    { cache: false },
  );
}
