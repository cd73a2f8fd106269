import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createInstrument } from '../../src/kernel/instrument.js';
import { createDatabase, type Database } from '../../src/postgres/database.js';
import { inTransaction } from '../../src/postgres/transaction.js';
import { listReadyAgents, takeTaskToSend } from '../../src/store/dispatch/dispatch.js';
import { listAbandonedTasks } from '../../src/store/runs/abandoned-tasks.js';
import { type ClaimRequest, claimTasks } from '../../src/store/runs/claim-tasks.js';
import { peekNextTask } from '../../src/store/runs/peek-next-task.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import {
  allNodes,
  createPlanWatch,
  expectHeadsOnly,
  firstOf,
  rowsLookedAt,
  SEND_PLANS,
} from '../support/postgres/plans.js';
import { runSql } from '../support/postgres/throw-away-postgres.js';

const RULES = { agentTimeoutMs: 600_000, defaultGateway: 'echo', gatewayNames: ['echo'] };

/** Fifty thousand tasks that the agents may not have stand before those that they may. */
const BACKLOG = [
  `INSERT INTO agents (id, name, role, max_capacity, capabilities, last_seen_at) VALUES
     ('agt_plain', 'plain', 'agent', 100, '{}', now()), ('agt_able', 'able', 'agent', 100, '{a,b}', now()), ('agt_other', 'other', 'agent', 100, '{}', now())`,
  `INSERT INTO tasks (id, title, status, tags, priority, requires)
   SELECT 'task_l' || i, 'x', 'INBOX', '{}', 'CRITICAL', ARRAY['z' || i % 4, 'z9'] FROM generate_series(1, 30000) i`,
  `INSERT INTO tasks (id, title, status, tags, priority, released_by)
   SELECT 'task_r' || i, 'x', 'INBOX', '{}', 'CRITICAL', '{agt_able,agt_plain}' FROM generate_series(1, 20000) i`,
  `INSERT INTO tasks (id, title, status, tags, requires)
   SELECT 'task_b' || i, 'x', 'INBOX', '{}', '{b}' FROM generate_series(1, 5000) i`,
  `INSERT INTO tasks (id, title, status, tags, priority)
   SELECT 'task_f' || i, 'x', 'INBOX', '{}', 'LOW' FROM generate_series(1, 5000) i`,
  `INSERT INTO tasks (id, title, status, tags, priority, requires, assignee_id, pinned)
   SELECT 'task_o' || i, 'x', 'ASSIGNED', '{}', 'HIGH', '{z}', 'agt_able', true FROM generate_series(1, 10000) i`,
];

describe('a queue whose head is full of tasks that are for others', () => {
  let test: TestDatabase;
  let database: Database;
  const { watchPlans, plansOf } = createPlanWatch();
  let made = 0;

  beforeAll(async () => {
    test = await createTestDatabase();
    const blind = ['ANALYZE', 'ALTER TABLE tasks SET (autovacuum_enabled = off)'];
    await runSql(test.url, SEND_PLANS, ...blind, ...BACKLOG);
    database = createDatabase({ connectionString: test.url, instrument: createInstrument(), poolSize: 1 });
    database.pool.on('connect', watchPlans);
  });
  afterAll(async () => {
    await database.close();
    await test.drop();
  });

  function request(agentId: string, narrowing: ClaimRequest['narrowing'] = null): ClaimRequest {
    made += 1;
    return {
      ...{ agentId, narrowing, runId: `run_${made}`, maxCapacity: 100, leaseMs: 600_000 },
      ...{ resume: false, idempotencyKey: null, fingerprint: null },
    };
  }

  const claim = (...requests: ClaimRequest[]) =>
    claimTasks(database.pool, requests, { task: ['id'], run: [] }, RULES);

  describe.each(['stale', 'fresh'])('with %s statistics', (statistics) => {
    beforeAll(async () => {
      if (statistics === 'fresh') await runSql(test.url, 'ANALYZE');
    });

    it('has claims that read one head for each audience', async () => {
      const plans = await plansOf(async () => {
        for (let i = 0; i < 8; i += 1) {
          const claims = await claim(
            request('agt_plain'),
            request('agt_able'),
            request('agt_other', { capabilities: [] }),
          );
          const ids = claims.sort((a, b) => a.request - b.request).map(({ task }) => task?.id ?? '');
          expect(ids[0]).toMatch(/^task_f/);
          expect(ids[1]).toMatch(/^task_b/);
          expect(ids[2]).toMatch(/^task_r/);
        }
      });
      expectHeadsOnly(plans);
    });

    it('has claims narrowed to a tag that do not walk past what lacks it', async () => {
      const tagged = (i: number) => `task_f${4000 + i + (statistics === 'fresh' ? 100 : 0)}`;
      const plans = await plansOf(async () => {
        for (let i = 0; i < 8; i += 1) {
          await database.pool.query("UPDATE tasks SET tags = '{rare}' WHERE id = $1", [tagged(i)]);
          const [claimed] = await claim(request('agt_plain', { tags: ['rare'] }));
          expect(claimed?.task?.id).toBe(tagged(i));
        }
      });
      const ofClaims = plans.filter(({ text }) => !text.startsWith('UPDATE tasks SET tags'));
      const walks = ofClaims.flatMap(({ root, text }) =>
        allNodes(root).map((node) => ({ what: `${node['Node Type']}: ${text}`, rows: rowsLookedAt(node) })),
      );
      // The five hundred that are walked through.
      expect(walks.filter(({ rows }) => rows > 600)).toEqual([]);
    });

    it('shows the next task of an agent by the same heads', async () => {
      const plans = await plansOf(async () => {
        for (let i = 0; i < 8; i += 1)
          expect(await peekNextTask(database.pool, 'agt_able', RULES)).toMatch(/^task_b/);
      });
      // The few candidates may be sorted.
      expectHeadsOnly(plans.filter(({ text }) => !text.startsWith('SELECT t.id FROM agents a')));
    });

    it('is sent to agents by the same heads', async () => {
      await runSql(test.url, "UPDATE agents SET delivery = 'PUSH'");
      const plans = await plansOf(async () => {
        for (let i = 0; i < 8; i += 1) {
          const agents = await inTransaction(database, (tx) => listReadyAgents(tx, RULES));
          expect(agents.map(({ agentId }) => agentId).sort()).toEqual(['agt_able', 'agt_other', 'agt_plain']);
          const taken = await inTransaction(database, (tx) => takeTaskToSend(tx, 'agt_plain', RULES));
          expect(taken?.id).toMatch(/^task_f/);
        }
      });
      await runSql(test.url, "UPDATE agents SET delivery = 'PULL'");
      // The agents themselves may be sorted.
      expectHeadsOnly(
        plans.map(({ root, text }) => ({ root: root['Node Type'] === 'Sort' ? firstOf(root) : root, text })),
      );
    });

    it('has few tasks that wait for a silent agent without a pin', async () => {
      const plans = await plansOf(async () => {
        for (let i = 0; i < 8; i += 1) expect(await listAbandonedTasks(database.pool, 1)).toEqual([]);
      });
      expectHeadsOnly(plans);
    });
  });
});
