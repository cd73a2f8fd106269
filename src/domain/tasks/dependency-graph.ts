/** `from` waits for `to`. */
export interface Edge {
  readonly from: string;
  readonly to: string;
}

/** The shortest path from one node to another along the edges, including both. Null if there is none. */
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

/** A sorted graph, or a cycle that prevents the order. */
export type Sorted =
  | { readonly order: readonly number[]; readonly cycle: null }
  /** Each node waits for the next one, and the last is the first again. */
  | { readonly order: null; readonly cycle: readonly number[] };

/**
 * Sorts the nodes 0 to n - 1 so that each comes after all nodes that it waits for. A node that waits for no later node
 * keeps its place. Returns a cycle if there is no such order.
 * @param waitsFor - for each node, the nodes that it waits for.
 */
export function sortByDependency(waitsFor: readonly (readonly number[])[]): Sorted {
  const order: number[] = [];
  const state: ('new' | 'on path' | 'sorted')[] = waitsFor.map(() => 'new');
  // The path of the depth-first search: each node with the number of its dependencies that were visited.
  const path: { node: number; visited: number }[] = [];
  function enter(node: number): void {
    state[node] = 'on path';
    path.push({ node, visited: 0 });
  }
  for (let start = 0; start < waitsFor.length; start += 1) {
    if (state[start] === 'new') enter(start);
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      const next = waitsFor[step.node]?.[step.visited];
      step.visited += 1;
      if (next === undefined) {
        state[step.node] = 'sorted';
        order.push(step.node);
        path.pop();
      } else if (state[next] === 'on path') {
        const nodes = path.map(({ node }) => node);
        return { order: null, cycle: [...nodes.slice(nodes.indexOf(next)), next] };
      } else if (state[next] === 'new') {
        enter(next);
      }
    }
  }
  return { order, cycle: null };
}
