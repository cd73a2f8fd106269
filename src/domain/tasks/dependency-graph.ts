/** `from` waits for `to`. */
export interface Edge {
  readonly from: string;
  readonly to: string;
}

/** The shortest way from one node to another along the edges, both ends included; null if there is none. */
export function findPath(edges: readonly Edge[], from: string, to: string): string[] | null {
  const next = new Map<string, string[]>();
  for (const edge of edges) next.set(edge.from, [...(next.get(edge.from) ?? []), edge.to]);
  const cameFrom = new Map<string, string | null>([[from, null]]);
  const queue = [from];
  for (const node of queue) {
    if (node === to) return walkBack(cameFrom, to);
    for (const neighbour of next.get(node) ?? []) {
      if (cameFrom.has(neighbour)) continue;
      cameFrom.set(neighbour, node);
      queue.push(neighbour);
    }
  }
  return null;
}

function walkBack(cameFrom: ReadonlyMap<string, string | null>, to: string): string[] {
  const path: string[] = [];
  for (let node: string | null = to; node !== null; node = cameFrom.get(node) ?? null) path.push(node);
  return path.reverse();
}

export type Sorted =
  | { readonly order: readonly number[]; readonly cycle: null }
  /** Each waits for the next, the last is the first. */
  | { readonly order: null; readonly cycle: readonly number[] };

/**
 * The nodes 0 to n - 1 in an order in which each comes after all that it waits for; one that waits for nothing behind it
 * keeps its place. If there is no such order, a cycle that is to blame.
 * @param waitsFor - for each node those that it waits for.
 */
export function sortByDependency(waitsFor: readonly (readonly number[])[]): Sorted {
  const order: number[] = [];
  const state: ('new' | 'on the way' | 'sorted')[] = waitsFor.map(() => 'new');
  // The nodes that are being gone into, each with how many of those it waits for have been looked at.
  const way: { node: number; looked: number }[] = [];
  function enter(node: number): void {
    state[node] = 'on the way';
    way.push({ node, looked: 0 });
  }
  for (let start = 0; start < waitsFor.length; start += 1) {
    if (state[start] === 'new') enter(start);
    for (let step = way.at(-1); step !== undefined; step = way.at(-1)) {
      const next = waitsFor[step.node]?.[step.looked];
      step.looked += 1;
      if (next === undefined) {
        state[step.node] = 'sorted';
        order.push(step.node);
        way.pop();
      } else if (state[next] === 'on the way') {
        const nodes = way.map(({ node }) => node);
        return { order: null, cycle: [...nodes.slice(nodes.indexOf(next)), next] };
      } else if (state[next] === 'new') {
        enter(next);
      }
    }
  }
  return { order, cycle: null };
}
