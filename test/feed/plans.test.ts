import type { QueryConfig } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SYSTEM } from '../../src/domain/actor.js';
import { formatLogCursor } from '../../src/domain/events/log-cursor.js';
import type { Executor } from '../../src/postgres/statement.js';
import { inTransaction } from '../../src/postgres/transaction.js';
import { countActivity } from '../../src/store/activity/count-activity.js';
import { EVENTS_OF_TASKS, eventsThat } from '../../src/store/events/event-lists.js';
import { pruneLog, readLog, readLogBounds } from '../../src/store/events/event-log.js';
import { readSlice, readSlices } from '../../src/store/lists/keyset.js';
import { createLogFixture, type LogFixture } from './log-fixture.js';

let log: LogFixture;
const middle = 50_000n;

beforeAll(async () => {
  log = await createLogFixture();
  const { pool } = log.database;
  // The planner's statistics still describe an empty table.
  await pool.query('ALTER TABLE events SET (autovacuum_enabled = off)');
  await pool.query('ANALYZE events');
  await pool.query(`INSERT INTO events (id, type, at, task_id, payload) SELECT i, 'task.updated', now(), 'task_' || (i % 5000), '{"a": 1}'
    FROM generate_series(1, 100000) i`);
});

afterAll(() => log.close());

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** The rows of the log that the work's statements read, and the kinds of their scans. */
async function measureReads(
  work: (executor: Executor) => Promise<unknown>,
): Promise<{ rows: number; scans: Set<string> }> {
  const nodes: PlanNode[] = [];
  const collect = (node: PlanNode): void => {
    if (node['Relation Name'] === 'events') nodes.push(node);
    for (const child of node.Plans ?? []) collect(child);
  };
  const client = await log.database.pool.connect();
  // The generic plan, which a prepared statement gets after some executions.
  await client.query('SET plan_cache_mode = force_generic_plan');
  const query = async ({ text, values }: QueryConfig) => {
    const { rows } = await client.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, values);
    collect(rows[0]['QUERY PLAN'][0].Plan);
    return client.query({ text, values: values ?? [], rowMode: 'array' });
  };
  try {
    await work({ query } as Executor);
  } finally {
    client.release(true);
  }
  const rowsOf = (node: PlanNode) =>
    (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
  return {
    rows: nodes.reduce((sum, node) => sum + rowsOf(node), 0),
    scans: new Set(nodes.map((node) => node['Node Type'])),
  };
}

const page = { size: 20, backward: false, after: null, before: null };
const everything = { tasks: null, seesKeys: true };

describe('in a log of a hundred thousand entries', () => {
  it.each<[string, number, (executor: Executor) => Promise<unknown>]>([
    ['a read of the relay', 500, (db) => readLog(db, { after: middle, limit: 500 })],
    ['a read of the relay at the end of the log', 0, (db) => readLog(db, { after: 10n ** 9n, limit: 500 })],
    [
      'a replay of a rare type',
      500,
      (db) => readLog(db, { after: middle, limit: 500, filter: { types: ['key.created'] } }),
    ],
    [
      'a replay of one task',
      20,
      (db) => readLog(db, { after: middle, limit: 500, filter: { taskId: 'task_7' } }),
    ],
    ['a read of the bounds', 1, (db) => readLogBounds(db)],
    [
      'a page from the middle',
      21,
      (db) => readSlice(db, eventsThat(everything, {}), { ...page, after: formatLogCursor(middle) }),
    ],
    ['the last page', 21, (db) => readSlice(db, eventsThat(everything, {}), { ...page, backward: true })],
    ['the first page of two tasks', 40, (db) => readSlices(db, EVENTS_OF_TASKS, ['task_7', 'task_8'], page)],
  ])('%s reads at most %i rows and three more', async (_, most, work) => {
    const { rows, scans } = await measureReads(work);
    expect(rows).toBeLessThanOrEqual(most + 3);
    expect([...scans].filter((scan) => scan === 'Seq Scan')).toEqual([]);
  });

  it('pruning deletes one batch at a time', async () => {
    await log.database.pool.query(`UPDATE events SET at = now() - interval '1 day' WHERE id <= 5000`);
    // Events are pruned once the statistics have counted them.
    await countActivity(log.database.pool, 5_000);
    const prune = () =>
      inTransaction(log.database, (tx) => pruneLog(tx, { olderThanMs: 60_000, limit: 2_000 }));
    expect([await prune(), await prune(), await prune(), await prune()]).toEqual([2_000, 2_000, 1_000, 0]);
    await inTransaction(log.database, async (tx) => tx.emit({ type: 'task.updated', actor: SYSTEM }));
  });
});
