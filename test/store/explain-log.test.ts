import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createInstrument } from '../../src/kernel/instrument.js';
import { createDatabase, type Database } from '../../src/postgres/database.js';
import { NUMBERING_BATCH, numberEvents } from '../../src/postgres/number-events.js';
import { countActivity } from '../../src/store/activity/count-activity.js';
import { indexTexts } from '../../src/store/search/index-texts.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { allNodes, createPlanWatch, type Plan, rowsLookedAt, SEND_PLANS } from '../support/postgres/plans.js';
import { runSql } from '../support/postgres/throw-away-postgres.js';

/** How many tasks have one run each, and three events. */
const TASKS = 10_000;

const AN_EVENT = "INSERT INTO event_outbox (type, payload) VALUES ('task.updated', '{}')";

const A_YEAR = [
  "INSERT INTO agents (id, name, role) VALUES ('agt_1', 'a', 'agent')",
  'SET session_replication_role = replica',
  `INSERT INTO tasks (id, title, status, tags, assignee_id, resolution, completed_at, run_count)
   SELECT 'task_' || i, 'x', 'DONE', '{}', 'agt_1', 'done', now(), 1 FROM generate_series(1, ${TASKS}) i`,
  `INSERT INTO task_runs (id, task_id, agent_id, number, trigger, outcome, lease_ms, finished_at)
   SELECT 'run_' || i, 'task_' || i, 'agt_1', 1, 'CLAIM', 'SUCCEEDED', 10000, now() FROM generate_series(1, ${TASKS}) i`,
  `INSERT INTO events (id, type, at, task_id, agent_id, run_id, payload)
   SELECT 1000 + 3 * i + step, (ARRAY['run.started', 'run.succeeded', 'task.completed'])[step], now(), 'task_' || i, 'agt_1', 'run_' || i,
     CASE step WHEN 3 THEN '{"to": "DONE"}'::jsonb ELSE '{}' END
   FROM generate_series(1, ${TASKS}) i, generate_series(1, 3) step`,
  'SET session_replication_role = origin',
  "INSERT INTO event_outbox (type, payload) SELECT 'task.updated', '{}' FROM generate_series(1, 3000)",
];

describe('steps of the log, on a connection that made its plans while there were no events', () => {
  let test: TestDatabase;
  let database: Database;
  const { watchPlans, plansOf } = createPlanWatch();

  beforeAll(async () => {
    test = await createTestDatabase();
    const tables = ['tasks', 'task_runs', 'events', 'event_outbox', 'search_texts'];
    const blind = tables.map((table) => `ALTER TABLE ${table} SET (autovacuum_enabled = off)`);
    // After a VACUUM of an empty table PostgreSQL plans as if it stays empty.
    await runSql(test.url, SEND_PLANS, ...blind, ...tables.map((table) => `VACUUM ANALYZE ${table}`));
    database = createDatabase({ connectionString: test.url, instrument: createInstrument(), poolSize: 1 });
    database.pool.on('connect', watchPlans);
    for (let i = 0; i < 7; i += 1) {
      await database.pool.query(AN_EVENT);
      expect(await numberEvents(database.pool)).toBe(1);
      expect(await countActivity(database.pool, 10)).toEqual({ counted: 1, hasMore: false });
      expect(await indexTexts(database.pool, 10)).toEqual({ seen: 1, hasMore: false });
    }
    await runSql(test.url, ...A_YEAR);
  });
  afterAll(async () => {
    await database.close();
    await test.drop();
  });

  /** The most rows that one node has looked at. */
  function mostRows(plans: readonly Plan[]): number {
    return Math.max(...plans.flatMap(({ root }) => allNodes(root).map(rowsLookedAt)));
  }

  it('number the events that wait, and read no others', async () => {
    const plans = await plansOf(async () => expect(await numberEvents(database.pool)).toBe(NUMBERING_BATCH));
    expect(plans.length).toBeGreaterThan(4);
    expect(mostRows(plans)).toBe(NUMBERING_BATCH);
  });

  it('count the next events, and read only their runs and tasks', async () => {
    const plans = await plansOf(async () =>
      expect(await countActivity(database.pool, 300)).toEqual({ counted: 300, hasMore: true }),
    );
    expect(mostRows(plans)).toBe(300);
  });

  it('write the texts of the next tasks, and read no others', async () => {
    const plans = await plansOf(async () =>
      expect(await indexTexts(database.pool, 300)).toEqual({ seen: 600, hasMore: true }),
    );
    expect(mostRows(plans)).toBeLessThanOrEqual(600);
  });
});
