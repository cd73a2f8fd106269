import type { QueryConfig } from 'pg';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Executor } from '../../src/postgres/statement.js';
import { toWaitingSettings } from '../../src/services/tasks/read-tasks.js';
import { countAttention, findNextAttentionMs } from '../../src/store/attention/attention-counts.js';
import { findAttentionItem, openAttention } from '../../src/store/attention/attention-lists.js';
import { findPassingTime } from '../../src/store/tasks/passing-time.js';
import { anAgent } from '../support/factories/factory.js';
import { createTestServices, type TestServices } from '../support/factories/services.js';
import { allNodes, createPlanWatch, type Plan, rowsLookedAt, SEND_PLANS } from '../support/postgres/plans.js';

/** Ended tasks, waiting tasks that an agent can take, failed tasks, and tasks that no agent can take. */
const DONE = 40_000;
const WAITING = 10_000;
const FAILED = 400;
const STUCK = 30;

let services: TestServices;
let client: pg.Client;
const { watchPlans, plansOf } = createPlanWatch();

beforeAll(async () => {
  services = await createTestServices();
  const { sql } = services;
  await sql('ALTER TABLE tasks SET (autovacuum_enabled = off)');
  const agent = await anAgent(services);
  await sql('UPDATE agents SET last_seen_at = now() WHERE id = $1', [agent.id]);
  await sql('ALTER TABLE tasks DISABLE TRIGGER USER');
  const insert = (count: number, first: number, columns: string, values: string) =>
    sql(`INSERT INTO tasks (id, title, ${columns})
      SELECT 'task_' || lpad(i::text, 26, '0'), 'Task ' || i, ${values} FROM generate_series(${first}, ${first + count - 1}) i`);
  await insert(DONE, 0, 'status, resolution, completed_at', "'DONE', 'done', now()");
  await insert(WAITING, 100_000, 'status, due_at', "'INBOX', now() + (i - 105000) * interval '1 s'");
  await insert(
    FAILED,
    200_000,
    'status, failure_reason, status_at, completed_at',
    "'FAILED', 'FAILED_BY_AGENT', now() - i * interval '1 s', now() - i * interval '1 s'",
  );
  await insert(STUCK, 300_000, 'status, requires', "'INBOX', '{gpu}'");
  await insert(300, 400_000, 'status, open_dependencies', "'INBOX', 1");
  await sql('ALTER TABLE tasks ENABLE TRIGGER USER');
  await sql('ANALYZE tasks');
  await sql(SEND_PLANS);
  client = new pg.Client(services.database.connectionString);
  watchPlans(client);
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await services.close();
});

const executor = {
  query: ({ text, values }: QueryConfig) => client.query({ text, values: values ?? [], rowMode: 'array' }),
} as Executor;
const everything = { kinds: null, acknowledged: false };
const page = { size: 20, backward: false, after: null, before: null };

/** The rows of tasks that the statements have read, and whether they read the whole table. */
function readsOf(plans: readonly Plan[]) {
  const nodes = plans
    .flatMap(({ root }) => allNodes(root))
    .filter((node) => node['Relation Name'] === 'tasks');
  return {
    rows: nodes.reduce((sum, node) => sum + rowsLookedAt(node), 0),
    walks: nodes.filter((node) => node['Node Type'] === 'Seq Scan'),
  };
}

describe('with fifty thousand tasks that need no attention', () => {
  it.each<[string, number, () => Promise<unknown>]>([
    [
      'a page of failed tasks',
      2 * 21,
      () => openAttention(executor, { ...everything, kinds: ['TASK_FAILED'] }, settings()).slice(page),
    ],
    [
      'a later page of failed tasks',
      3 * 21,
      async () => {
        const list = openAttention(executor, { ...everything, kinds: ['TASK_FAILED'] }, settings());
        const { rows } = await list.slice({ ...page, size: 1 });
        await list.slice({ ...page, after: list.cursorOf(rows[0]!) });
      },
    ],
    ['a page of everything', 800, () => openAttention(executor, everything, settings()).slice(page)],
    ['the counts', 2 * FAILED + 800, () => countAttention(executor, everything, settings())],
    ['the next time', 2, () => findNextAttentionMs(executor, settings())],
    ['the next due date', 5, () => findPassingTime(executor, null, 600_000)],
    ['the due dates since an instant', 5, () => findPassingTime(executor, new Date(), 600_000)],
    [
      'one item',
      2 * FAILED + 800,
      () => findAttentionItem(executor, '00000000000000000000200000', settings()),
    ],
  ])('%s reads at most %i rows of tasks, by indexes', async (_, most, work) => {
    const { rows, walks } = readsOf(await plansOf(work));
    expect(walks).toEqual([]);
    expect(rows).toBeLessThanOrEqual(most);
  });

  it('counts and lists exactly the tasks that failed or are stuck', async () => {
    const counts = await countAttention(executor, everything, settings());
    expect(counts).toMatchObject([
      { kind: 'TASK_FAILED', severity: 'WARNING', count: FAILED },
      { kind: 'TASK_STUCK', severity: 'WARNING', count: STUCK },
    ]);
  });
});

function settings() {
  return toWaitingSettings(services);
}
