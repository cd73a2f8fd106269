import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createInstrument } from '../../src/kernel/instrument.js';
import { createDatabase, type Database } from '../../src/postgres/database.js';
import { NUMBERING_BATCH, numberEvents } from '../../src/postgres/number-events.js';
import { inTransaction } from '../../src/postgres/transaction.js';
import {
  findNextDueMs,
  listReadyAgents,
  releaseDueTasks,
  takeTaskToSend,
} from '../../src/store/dispatch/dispatch.js';
import { type LogFilter, readLog } from '../../src/store/events/event-log.js';
import { takeRoundToSend } from '../../src/store/reviews/review-dispatch.js';
import { takeReviewableTask } from '../../src/store/reviews/reviews.js';
import { type ClaimRequest, type ClaimRow, claimTasks } from '../../src/store/runs/claim-tasks.js';
import { findNextEligible } from '../../src/store/runs/find-next-eligible.js';
import { findRun } from '../../src/store/runs/runs.js';
import { countOpenTasksOfCreator } from '../../src/store/tasks/open-tasks.js';
import { lockTask } from '../../src/store/tasks/tasks.js';
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

const RULES = { agentTimeoutMs: 600_000, defaultGateway: null, gatewayNames: [] };

const FIRST_EVENT = "INSERT INTO events (id, type, at) VALUES (1, 'key.created', now())";

/** The rows that exist when a connection makes its plans, as on the first day of a server. */
const FIRST_DAY = [
  `INSERT INTO agents (id, name, role, max_capacity) SELECT 'agt_' || n, n, 'agent', 100 FROM unnest('{idle,busy,full,worker,reviewer}'::text[]) n`,
  `INSERT INTO tasks (id, title, status, tags) SELECT 'task_f' || i, 'x', 'INBOX', '{}' FROM generate_series(1, 20) i`,
];

/** A hundred thousand tasks wait. Nine in ten of the others are not eligible for the agents that claim. */
const BACKLOG = [
  `INSERT INTO tasks (id, title, status, tags, priority, due_at, created_at)
   SELECT 'task_i' || i, 'x', 'INBOX', '{}', (enum_range(NULL::task_priority))[1 + i % 4],
     CASE WHEN i % 3 = 0 THEN now() + i * interval '1 s' END, now() - i * interval '1 s' FROM generate_series(1, 55000) i`,
  `INSERT INTO tasks (id, title, status, tags, priority, assignee_id, created_at)
   SELECT 'task_a' || i, 'x', 'ASSIGNED', '{}', (enum_range(NULL::task_priority))[1 + i % 4],
     CASE WHEN i % 100 = 0 THEN 'agt_full' ELSE 'agt_busy' END, now() - i * interval '1 s' FROM generate_series(1, 35000) i`,
  `INSERT INTO tasks (id, title, status, tags, assignee_id, starts_at, not_before)
   SELECT 'task_l' || i, 'x', 'ASSIGNED', '{}', 'agt_busy', now() + i * interval '1 h', now() + i * interval '1 h' FROM generate_series(1, 10000) i`,
  'SET session_replication_role = replica',
  `INSERT INTO tasks (id, title, status, tags, created_by_agent_id, assignee_id, completed_at) SELECT 'task_c' || i, 'x',
     CASE WHEN i <= 50 THEN 'ASSIGNED' ELSE 'CANCELLED' END::task_status, '{}', 'agt_worker', 'agt_full',
     CASE WHEN i > 50 THEN now() END FROM generate_series(1, 5000) i`,
  `INSERT INTO tasks (id, title, status, tags, priority, assignee_id, resolution, review_round, run_count)
   SELECT 'task_r' || i, 'x', 'REVIEW', '{}', (enum_range(NULL::task_priority))[1 + i % 4], 'agt_worker', 'done', 1, 1 FROM generate_series(1, 5000) i`,
  `INSERT INTO task_runs (id, task_id, agent_id, number, trigger, outcome, lease_ms, finished_at)
   SELECT 'run_r' || i, 'task_r' || i, 'agt_worker', 1, 'CLAIM', 'SUCCEEDED', 10000, now() FROM generate_series(1, 5000) i`,
  'SET session_replication_role = origin',
  `INSERT INTO events (id, type, at) SELECT 1000 + i, 'task.created', now() FROM generate_series(1, 5000) i`,
  `INSERT INTO event_outbox (type) SELECT 'task.updated' FROM generate_series(1, 50000)`,
];

describe('a queue with a hundred thousand tasks', () => {
  let test: TestDatabase;
  let database: Database;
  const { watchPlans, plansOf } = createPlanWatch();
  let made = 0;

  beforeAll(async () => {
    test = await createTestDatabase();
    // The statistics of a planner that were taken when only the first event existed.
    const blind = [
      FIRST_EVENT,
      'ANALYZE',
      ...['tasks', 'task_runs', 'review_runs', 'events', 'event_outbox'].map(
        (table) => `ALTER TABLE ${table} SET (autovacuum_enabled = off)`,
      ),
    ];
    await runSql(test.url, SEND_PLANS, ...blind, ...FIRST_DAY);
    database = createDatabase({ connectionString: test.url, instrument: createInstrument(), poolSize: 1 });
    database.pool.on('connect', watchPlans);
    // The connection keeps these plans: PostgreSQL does not plan again when the tables grow.
    for (let i = 0; i < 12; i += 1) {
      const [first] = await claim(request('agt_idle'));
      await readClaimed(first);
      await readNext();
      await readNext({ taskId: 'task_f1' });
      await numberEvents(database.pool);
    }
    await runSql(test.url, ...BACKLOG);
  });
  afterAll(async () => {
    await database.close();
    await test.drop();
  });

  function request(agentId: string, more: Partial<ClaimRequest> = {}): ClaimRequest {
    made += 1;
    const base = {
      maxCapacity: 100,
      leaseMs: 600_000,
      resume: false,
      idempotencyKey: null,
      narrowing: null,
      fingerprint: null,
    };
    return { ...base, agentId, runId: `run_${made}`, ...more };
  }

  const claim = (...requests: ClaimRequest[]) =>
    claimTasks(database.pool, requests, { task: '*', run: '*' }, RULES);

  /** Every call for a run begins with these statements. */
  async function readClaimed(claimed?: ClaimRow): Promise<void> {
    const { task, run } = claimed ?? {};
    await inTransaction(database, async (tx) => {
      expect(await findRun(tx, run?.id ?? '')).toMatchObject({ taskId: task?.id });
      expect(await lockTask(tx, { id: task?.id ?? '' })).toMatchObject({ currentRunId: run?.id });
    });
  }

  /** Reads the log from its beginning, as every reader does. */
  const readNext = (filter: LogFilter = {}) => readLog(database.pool, { after: 0n, limit: 50, filter });

  describe.each(['stale', 'fresh'])('with %s statistics', (statistics) => {
    beforeAll(async () => {
      if (statistics === 'fresh') await runSql(test.url, 'ANALYZE');
    });

    it('has claims that read the queue heads and do not sort', async () => {
      const plans = await plansOf(async () => {
        // Often enough for PostgreSQL to switch to the generic plans of the statements in the function.
        for (let i = 0; i < 8; i += 1) {
          const claims = await claim(
            request('agt_idle'),
            request('agt_busy', { idempotencyKey: `${statistics} ${i}`, fingerprint: 'f' }),
            request('agt_full', { maxCapacity: 1 }),
          );
          const free = claims.filter(({ request: place }) => place <= 2);
          expect(free.map(({ reason }) => reason)).toEqual(['ASSIGNED', 'ASSIGNED']);
          const [resumed] = await claim(request('agt_busy', { resume: true }));
          expect(resumed?.reason).toBe('CONTINUE_CURRENT');
        }
      });
      expectHeadsOnly(plans);
    });

    it('counts the open tasks of their creator, and looks at no other', async () => {
      const plans = await plansOf(async () => {
        for (let i = 0; i < 8; i += 1) {
          const count = (most: number) =>
            inTransaction(database, (tx) => countOpenTasksOfCreator(tx, 'agt_worker', most));
          expect(await count(1_000)).toBe(50);
          expect(await count(10)).toBe(11);
        }
      });
      const looked = plans.flatMap(({ root }) => allNodes(root).map(rowsLookedAt));
      expect(Math.max(...looked)).toBe(50);
    });

    it('has claims that find tasks whose start has come by their index', async () => {
      const plans = await plansOf(async () => {
        for (let i = 0; i < 6; i += 1) {
          await database.pool.query(
            `UPDATE tasks SET not_before = now() - interval '1 s' WHERE id = 'task_l${i + 1 + 10 * Number(statistics === 'fresh')}'`,
          );
          await claim(request('agt_idle'));
        }
      });
      const released = plans.filter(({ text }) => text.startsWith('UPDATE tasks SET not_before = NULL'));
      expect(released.length).toBeGreaterThanOrEqual(6);
      expectHeadsOnly(plans);
    });

    it('finds a run and its task by their ids', async () => {
      const [claimed] = await claim(request('agt_idle'));
      expectHeadsOnly(await plansOf(() => readClaimed(claimed)));
    });

    it.each([{}, { taskId: 'task_f1' }])(
      'reads no more of the log than the next page: %o',
      async (filter) => {
        const nodes = (await plansOf(() => readNext(filter))).flatMap(({ root }) => allNodes(root));
        const reads = nodes.filter((node) => node['Relation Name'] === 'events').map(rowsLookedAt);
        expect(reads.length).toBeGreaterThan(0);
        expect(Math.max(...reads)).toBeLessThanOrEqual(50);
      },
    );

    it('numbers waiting events without reading more of them than one batch, and one of the log', async () => {
      const plans = await plansOf(async () =>
        expect(await numberEvents(database.pool)).toBe(NUMBERING_BATCH),
      );
      const nodes = plans.flatMap(({ root }) => allNodes(root));
      const readsOf = (table: string) => {
        const reads = nodes.filter(
          (node) => node['Relation Name'] === table && node['Node Type'] !== 'ModifyTable',
        );
        expect(reads.length).toBeGreaterThan(0);
        return Math.max(...reads.map(rowsLookedAt));
      };
      expect(readsOf('event_outbox')).toBe(NUMBERING_BATCH);
      expect(readsOf('events')).toBeLessThanOrEqual(1);
    });

    it('finds the next start without reading tasks of other agents', async () => {
      for (const agent of ['agt_busy', 'agt_idle']) {
        const plans = await plansOf(async () => {
          for (let i = 0; i < 8; i += 1) {
            const next = await findNextEligible(database.pool, agent);
            expect(next === null).toBe(agent === 'agt_idle');
          }
        });
        expectHeadsOnly(plans);
      }
    });

    it('finds and takes tasks to dispatch at the queue heads of the agents', async () => {
      await database.pool.query("UPDATE agents SET delivery = 'PUSH' WHERE id IN ('agt_busy', 'agt_full')");
      const plans = await plansOf(async () => {
        for (let i = 0; i < 8; i += 1) {
          await releaseDueTasks(database.pool);
          const agents = await inTransaction(database, (tx) => listReadyAgents(tx, RULES));
          expect(agents.map(({ agentId }) => agentId).sort()).toEqual(['agt_busy', 'agt_full']);
          expect(await findNextDueMs(database.pool)).toBeGreaterThan(0);
          const taken = await inTransaction(database, (tx) => takeTaskToSend(tx, 'agt_full', RULES));
          expect(taken?.id).toMatch(/^task_[ai]/);
        }
      });
      await database.pool.query("UPDATE agents SET delivery = 'PULL'");
      // The agents themselves may be sorted.
      expectHeadsOnly(
        plans.map(({ root, text }) => ({ root: root['Node Type'] === 'Sort' ? firstOf(root) : root, text })),
      );
    });

    it('takes the next task to review from the queue head', async () => {
      const plans = await plansOf(async () => {
        for (let i = 0; i < 8; i += 1) {
          const taken = await inTransaction(database, (tx) => takeReviewableTask(tx, 'agt_reviewer'));
          expect(taken?.id).toMatch(/^task_r/);
        }
      });
      expectHeadsOnly(plans);
    });

    it('takes the next round to dispatch from the same queue head', async () => {
      const reviewer = { id: 'agt_reviewer', updatedAt: new Date(0) };
      const plans = await plansOf(async () => {
        for (let i = 0; i < 8; i += 1) {
          const taken = await inTransaction(database, (tx) => takeRoundToSend(tx, reviewer));
          expect(taken?.id).toMatch(/^task_r/);
        }
      });
      expectHeadsOnly(plans);
    });
  });
});
