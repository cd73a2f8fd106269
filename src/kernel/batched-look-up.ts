import { Unavailable } from './unavailable.js';

export interface BatchedLookUpOptions<Key, Found> {
  /** Looks up all keys at once. Returns what was found, in the order of the keys. */
  readonly load: (keys: readonly Key[]) => Promise<readonly (Found | null)[]>;
  /** The maximum number of keys of one `load`. */
  readonly batch: number;
  /** The maximum number of callers that wait. */
  readonly maxWaiting: number;
}

interface Waiting<Key, Found> {
  readonly key: Key;
  readonly resolve: (found: Found | null) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Creates a look-up of single keys with one `load` under way at a time: the keys that arrive meanwhile are loaded together
 * by the next one, in the order of their arrival. So a flood of keys takes one connection, and each key waits for those
 * that came before it and no longer.
 * @returns a function that throws Unavailable if too many callers wait.
 */
export function createBatchedLookUp<Key, Found>({
  load,
  batch,
  maxWaiting,
}: BatchedLookUpOptions<Key, Found>): (key: Key) => Promise<Found | null> {
  const waiting: Waiting<Key, Found>[] = [];
  let isLoading = false;

  async function loadAll(): Promise<void> {
    isLoading = true;
    while (waiting.length > 0) await loadNext(waiting.splice(0, batch));
    isLoading = false;
  }

  async function loadNext(callers: readonly Waiting<Key, Found>[]): Promise<void> {
    try {
      const found = await load(callers.map(({ key }) => key));
      for (const [index, { resolve }] of callers.entries()) resolve(found[index] ?? null);
    } catch (error) {
      for (const { reject } of callers) reject(error);
    }
  }

  return (key) =>
    new Promise((resolve, reject) => {
      if (waiting.length >= maxWaiting) {
        reject(new Unavailable('Too many look-ups are waiting: retry soon.'));
        return;
      }
      waiting.push({ key, resolve, reject });
      if (!isLoading) void loadAll();
    });
}
