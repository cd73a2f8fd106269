import type { Evidence } from './evidence.js';

/** A rule that every run must keep. */
export interface Rule {
  readonly name: string;
  /** What the rule promises, as one sentence. */
  readonly promise: string;
  /** What breaks the rule; nothing if it is kept. */
  readonly find: (evidence: Evidence) => string[];
}

/** Groups items by a key, in their order. Items without a key are left out. */
export function groupBy<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string | null,
): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === null) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** The items by their ids. */
export function byId<Item extends { readonly id: string }>(items: readonly Item[]): Map<string, Item> {
  return new Map(items.map((item) => [item.id, item]));
}
