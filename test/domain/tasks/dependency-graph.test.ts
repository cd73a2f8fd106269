import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findPath, sortByDependency } from '../../../src/domain/tasks/dependency-graph.js';

/** For each node the nodes that it waits for: any nodes, even itself. */
const anyGraph = fc
  .integer({ min: 0, max: 12 })
  .chain((size) =>
    fc.array(fc.array(fc.nat(Math.max(0, size - 1)), { maxLength: 3 }), { minLength: size, maxLength: size }),
  );

/** The same, but with earlier nodes only. */
const anyAcyclicGraph = anyGraph.map((graph) =>
  graph.map((waitsFor, node) => waitsFor.filter((other) => other < node)),
);

function expectOrder(graph: readonly number[][], order: readonly number[]): void {
  expect([...order].sort((a, b) => a - b)).toEqual(graph.map((_, node) => node));
  for (const [node, waitsFor] of graph.entries())
    for (const other of waitsFor) expect(order.indexOf(other)).toBeLessThan(order.indexOf(node));
}

function expectCycle(graph: readonly number[][], cycle: readonly number[]): void {
  expect(cycle.length).toBeGreaterThan(1);
  expect(cycle.at(-1)).toBe(cycle[0]);
  expect(new Set(cycle.slice(1)).size).toBe(cycle.length - 1);
  for (const [index, node] of cycle.slice(1).entries()) expect(graph[cycle[index] ?? -1]).toContain(node);
}

describe('an order by dependency', () => {
  it('has every node once and after the nodes that it waits for, unless there is a cycle', () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        const { order, cycle } = sortByDependency(graph);
        if (order === null) expectCycle(graph, cycle);
        else expectOrder(graph, order);
      }),
    );
  });

  it('keeps the given order if it is valid', () => {
    fc.assert(
      fc.property(anyAcyclicGraph, (graph) => {
        expect(sortByDependency(graph).order).toEqual(graph.map((_, node) => node));
      }),
    );
  });

  it('is found for a chain of ten thousand nodes, in either direction', () => {
    const forwards = Array.from({ length: 10_000 }, (_, node) => (node === 9_999 ? [] : [node + 1]));
    expect(sortByDependency(forwards).order?.at(0)).toBe(9_999);
    expect(sortByDependency([...forwards.slice(0, -1), [0]]).cycle).toHaveLength(10_001);
  });
});

describe('a path from one node to another', () => {
  const edges = [
    { from: 'a', to: 'b' },
    { from: 'b', to: 'c' },
    { from: 'a', to: 'c' },
    { from: 'c', to: 'd' },
  ];

  it('is the shortest one', () => {
    expect(findPath(edges, 'a', 'd')).toEqual(['a', 'c', 'd']);
    expect(findPath(edges, 'a', 'a')).toEqual(['a']);
  });

  it('follows the edges in their direction', () => {
    expect(findPath(edges, 'd', 'a')).toBeNull();
    expect(findPath([], 'a', 'b')).toBeNull();
  });
});
