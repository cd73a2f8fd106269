import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createInstrument } from '../../src/kernel/instrument.js';
import { createDatabase, type Database } from '../../src/postgres/database.js';
import { claimTasks } from '../../src/store/runs/claim-tasks.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { createPlanWatch, pagesRead, SEND_PLANS } from '../support/postgres/plans.js';
import { runSql } from '../support/postgres/throw-away-postgres.js';

const RULES = { agentTimeoutMs: 600_000, defaultGateway: null, gatewayNames: [] };

/** Ten agents of each kind. */
const AGENTS = `INSERT INTO agents (id, name, role, max_capacity, capabilities, last_seen_at)
  SELECT kind || '_' || i, kind || '_' || i, 'agent', 100, CASE kind WHEN 'plain' THEN '{}' ELSE '{gpu}' END::text[], now()
  FROM unnest('{plain,able}'::text[]) kind, generate_series(0, 9) i`;
const PLAIN = `INSERT INTO tasks (id, title, status, tags)
  SELECT 'task_p' || i, 'x', 'INBOX', '{}' FROM generate_series(1, 5000) i`;

const atTheHead = (count: number, columns: string, values: string) =>
  `INSERT INTO tasks (id, title, status, tags, priority, ${columns})
   SELECT 'task_' || gen_random_uuid(), 'x', 'INBOX', '{}', 'CRITICAL', ${values} FROM generate_series(1, ${count}) i`;

/** Tasks that plain agents may not have. */
const HEADS = {
  'ten thousand tasks require a capability': atTheHead(10_000, 'requires', "'{gpu}'"),
  'tasks with two hundred different requirements wait': atTheHead(
    10_000,
    'requires',
    "ARRAY['z' || i % 200]",
  ),
  'two hundred agents have released tasks that require a capability': atTheHead(
    ...([10_000, 'requires, released_by', "'{web}', ARRAY['agt_' || i % 200]"] as const),
  ),
};

describe('the statements and pages of a batch of claims', () => {
  let test: TestDatabase;
  let database: Database;
  const { watchPlans, plansOf } = createPlanWatch();
  let made = 0;

  beforeEach(async () => {
    test = await createTestDatabase();
    await runSql(test.url, SEND_PLANS, 'ALTER TABLE tasks SET (autovacuum_enabled = off)', AGENTS, PLAIN);
    database = createDatabase({ connectionString: test.url, instrument: createInstrument(), poolSize: 1 });
    database.pool.on('connect', watchPlans);
  });
  afterEach(async () => {
    await database.close();
    await test.drop();
  });

  function claim(kind: string, batch: number) {
    const requests = Array.from({ length: batch }, (_, i) => {
      made += 1;
      return {
        ...{
          agentId: `${kind}_${i}`,
          narrowing: null,
          runId: `run_${made}`,
          maxCapacity: null,
          leaseMs: 600_000,
        },
        ...{ resume: false, idempotencyKey: null, fingerprint: null },
      };
    });
    return claimTasks(database.pool, requests, { task: ['id'], run: [] }, RULES);
  }

  /** How many statements a batch of claims of these agents runs, and how many pages it reads: the medians of five. */
  async function costOf(kind: string, batch: number): Promise<{ statements: number; pages: number }> {
    const costs: { statements: number; pages: number }[] = [];
    for (let i = 0; i < 5; i += 1) {
      const plans = await plansOf(async () => {
        const reasons = (await claim(kind, batch)).map(({ reason }) => reason);
        expect(reasons).toEqual(Array.from({ length: batch }, () => 'ASSIGNED'));
      });
      const whole = plans.find(({ text }) => text.includes('c.reason'));
      costs.push({ statements: plans.length, pages: whole === undefined ? Number.NaN : pagesRead(whole) });
    }
    const middle = (values: number[]) => values.sort((a, b) => a - b)[2] ?? Number.NaN;
    return {
      statements: middle(costs.map(({ statements }) => statements)),
      pages: middle(costs.map(({ pages }) => pages)),
    };
  }

  it.each(Object.entries(HEADS))('stay nearly the same while %s', async (_, tasks) => {
    await runSql(test.url, 'VACUUM ANALYZE tasks');
    const before = { 1: await costOf('plain', 1), 10: await costOf('plain', 10) };
    await runSql(test.url, tasks, 'VACUUM ANALYZE tasks');
    for (const batch of [1, 10] as const) {
      for (const kind of ['plain', 'able']) {
        const { pages, statements } = await costOf(kind, batch);
        const what = `${kind} agents, batches of ${batch}`;
        expect.soft(pages / before[batch].pages, what).toBeLessThan(1.33);
        // The heads are read once for a batch. An agent that may have one of them merges them with three statements.
        const added = statements - before[batch].statements;
        expect.soft(added, what).toBeLessThanOrEqual(5 + (kind === 'able' ? 3 * batch : 0));
      }
    }
  });
});
