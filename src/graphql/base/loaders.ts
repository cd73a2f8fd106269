import DataLoader from 'dataloader';
import type { GraphqlContext } from '../context.js';

type Batch<Value> = (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>;

const LOADERS = new WeakMap<GraphqlContext, Map<string, DataLoader<string, unknown>>>();

/**
 * Asks for one of many: all that ask under the same name in the same step of an operation are answered by one batch.
 * Nothing is kept after that, for the context of a subscription lives as long as the subscription.
 *
 * @param name - stands for everything that `batch` closes over, so that unequal questions never share an answer.
 * @returns what the batch has under the key; undefined if it has nothing.
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
