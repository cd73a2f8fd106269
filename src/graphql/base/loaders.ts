import DataLoader from 'dataloader';
import type { GraphqlContext } from '../context.js';
import { spendText } from './operation-budget.js';

/** Whether each key is loaded once for the whole operation. */
interface Keep {
  readonly keep?: boolean;
}

type Batch<Value> = (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>;

const LOADERS = new WeakMap<GraphqlContext, Map<string, DataLoader<string, unknown>>>();

/**
 * Loads one value. All calls with the same name in the same step of an operation share one batch. Nothing is cached
 * afterwards unless `keep` is true, because the context of a subscription lives as long as the subscription.
 *
 * @param name - must identify everything that `batch` closes over, so that different batches never share a result.
 * @param keep - only for small values, because the budget counts a value when it is loaded, and only in queries.
 * @returns the value of the key; undefined if the batch has none.
 */
export function loadBatched<Value>(
  context: GraphqlContext,
  name: string,
  key: string,
  batch: Batch<Value>,
  { keep = false }: Keep = {},
): Promise<Value | undefined> {
  let loaders = LOADERS.get(context);
  if (loaders === undefined) {
    loaders = new Map();
    LOADERS.set(context, loaders);
  }
  let loader = loaders.get(name) as DataLoader<string, Value | undefined> | undefined;
  if (loader === undefined) {
    loader = createLoader(context, batch, keep);
    loaders.set(name, loader);
  }
  return loader.load(key);
}

/** Keys of one statement. A page has at most 100 entries. More are loaded in turn, so that the budget can stop the next ones. */
const MAX_KEYS = 100;

function createLoader<Value>(
  context: GraphqlContext,
  batch: Batch<Value>,
  cache: boolean,
): DataLoader<string, Value | undefined> {
  return new DataLoader(
    async (keys: readonly string[]) => {
      const distinct = [...new Set(keys)];
      const found = new Map<string, Value>();
      for (let start = 0; start < distinct.length; start += MAX_KEYS) {
        const loaded = await batch(distinct.slice(start, start + MAX_KEYS));
        for (const [key, value] of loaded) {
          spendText(context, value);
          found.set(key, value);
        }
      }
      return keys.map((key) => found.get(key));
    },
    { cache },
  );
}
