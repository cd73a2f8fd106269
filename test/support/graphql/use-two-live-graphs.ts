import { afterAll, beforeAll } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../postgres/database.js';
import { type LiveGraph, openLiveGraph } from './live-graph.js';

/**
 * Opens the graphs of two processes on one database before the tests, and closes them after the tests. Call it once in a
 * test file.
 *
 * @param begin receives both.
 */
export function useTwoLiveGraphs(
  begin: (graphs: { readonly here: LiveGraph; readonly there: LiveGraph }) => void,
) {
  let database: TestDatabase;
  let graphs: LiveGraph[] = [];
  beforeAll(async () => {
    database = await createTestDatabase();
    const here = await openLiveGraph(database.url);
    graphs = [here];
    const there = await openLiveGraph(database.url);
    graphs = [here, there];
    begin({ here, there });
  });
  afterAll(async () => {
    await Promise.all(graphs.map((graph) => graph.close()));
    await database.drop();
  });
}
