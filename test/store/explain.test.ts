import type { ClientBase } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createInstrument } from '../../src/kernel/instrument.js';
import { createDatabase, type Database } from '../../src/postgres/database.js';
import { inTransaction } from '../../src/postgres/transaction.js';
import {
  findNextDueMs,
  listReadyAgents,
  releaseDueTasks,
  takeAssignedTask,
} from '../../src/store/dispatch/dispatch.js';
import { type LogFilter, readLog } from '../../src/store/events/event-log.js';
import { takeRoundToSend } from '../../src/store/reviews/review-dispatch.js';
import { takeReviewableTask } from '../../src/store/reviews/reviews.js';
import { type ClaimRequest, type ClaimRow, claimTasks } from '../../src/store/runs/claim-tasks.js';
import { findNextEligible } from '../../src/store/runs/find-next-eligible.js';
import { findRun } from '../../src/store/runs/runs.js';
import { lockTask } from '../../src/store/tasks/tasks.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { runSql } from '../support/postgres/throw-away-postgres.js';

/** The part of a plan node in PostgreSQL's JSON that these tests read. */
interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly PlanNode[];
}

interface Plan {
  readonly root: PlanNode;
  /** The beginning of the statement. */
  readonly text: string;
}

const FIRST_EVENT = "INSERT INTO events (type, payload) VALUES ('key.created', '{}')";

/** The rows that exist when a connection makes its plans, as on the first day of a server. */
const FIRST_DAY = [
  `INSERT INTO agents (id, name, role) SELECT 'agt_' || n, n, 'agent' FROM unnest('{idle,busy,full,worker,reviewer}'::text[]) n`,
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
  `INSERT INTO tasks (id, title, status, tags, priority, assignee_id, resolution, review_round, run_count)
   SELECT 'task_r' || i, 'x', 'REVIEW', '{}', (enum_range(NULL::task_priority))[1 + i % 4], 'agt_worker', 'done', 1, 1 FROM generate_series(1, 5000) i`,
  `INSERT INTO task_runs (id, task_id, agent_id, number, trigger, outcome, lease_ms, finished_at)
   SELECT 'run_r' || i, 'task_r' || i, 'agt_worker', 1, 'CLAIM', 'SUCCEEDED', 10000, now() FROM generate_series(1, 5000) i`,
  'SET session_replication_role = origin',
  `INSERT INTO events (type, payload) SELECT 'task.created', '{}' FROM generate_series(1, 5000)`,
];

/** From the next connection on, PostgreSQL sends the plan of every statement, also of those inside functions. */
const SEND_PLANS = `DO $$ DECLARE setting text; BEGIN
  FOREACH setting IN ARRAY '{session_preload_libraries = auto_explain, client_min_messages = notice,
    auto_explain.log_min_duration = 0, auto_explain.log_nested_statements = on, auto_explain.log_analyze = on,
    auto_explain.log_timing = off, auto_explain.log_level = notice, auto_explain.log_format = json}'::text[]
  LOOP EXECUTE format('ALTER DATABASE %I SET %s', current_database(), setting); END LOOP;
END $$`;

describe('a queue with a hundred thousand tasks', () => {
  let test: TestDatabase;
  let database: Database;
  let plans: Plan[] = [];
  let made = 0;

  beforeAll(async () => {
    test = await createTestDatabase();
    // The statistics of a planner that were taken when only the first event existed.
    const blind = [
      FIRST_EVENT,
      'ANALYZE',
      ...['tasks', 'task_runs', 'review_runs', 'events'].map(
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
    }
    await runSql(test.url, ...BACKLOG);
  });
  afterAll(async () => {
    await database.close();
    await test.drop();
  });

  /** Collects the plans that PostgreSQL sends. */
  function watchPlans(client: ClientBase): void {
    client.on('notice', ({ message = '' }) => {
      const json = /plan:\n([\s\S]*)$/.exec(message)?.[1];
      if (json === undefined) return;
      const { Plan: root, 'Query Text': text } = JSON.parse(json);
      plans.push({ root, text: text.replaceAll(/\s+/g, ' ').slice(0, 100) });
    });
  }

  async function plansOf(work: () => Promise<unknown>): Promise<Plan[]> {
    plans = [];
    await work();
    return plans;
  }

  function request(agentId: string, more: Partial<ClaimRequest> = {}): ClaimRequest {
    made += 1;
    const base = {
      maxCapacity: 100,
      leaseMs: 600_000,
      resume: false,
      idempotencyKey: null,
      fingerprint: null,
    };
    return { ...base, agentId, runId: `run_${made}`, ...more };
  }

  const claim = (...requests: ClaimRequest[]) => claimTasks(database.pool, requests, { task: '*', run: '*' });

  /** As every call for a run begins. */
  async function readClaimed(claimed?: ClaimRow): Promise<void> {
    const { task, run } = claimed ?? {};
    await inTransaction(database, async (tx) => {
      expect(await findRun(tx, run?.id ?? '')).toMatchObject({ taskId: task?.id });
      expect(await lockTask(tx, { id: task?.id ?? '' })).toMatchObject({ currentRunId: run?.id });
    });
  }

  /** Reads the log from its beginning, as every reader does. */
  const readNext = (filter: LogFilter = {}) =>
    readLog(database.pool, { after: { xid: 0n, id: 0n }, limit: 50, filter });

  /** Expects that no statement sorts tasks, scans the table, or reads more rows than a queue head has. */
  function expectHeadsOnly(plans: readonly Plan[]): void {
    const scans = plans.flatMap(({ root }) => allNodes(root)).filter(isOnQueue);
    expect(scans.length).toBeGreaterThan(0);
    expect(new Set(plans.flatMap(findFaults))).toEqual(new Set());
  }

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
        expect(reads.length).toBeGreaterThan(1);
        expect(Math.max(...reads)).toBeLessThanOrEqual(50);
      },
    );

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
      await database.pool.query(
        "UPDATE agents SET delivery = 'PUSH', max_capacity = 100 WHERE id IN ('agt_busy', 'agt_full')",
      );
      const plans = await plansOf(async () => {
        for (let i = 0; i < 8; i += 1) {
          await releaseDueTasks(database.pool);
          const agents = await inTransaction(database, listReadyAgents);
          expect(agents.map(({ agentId }) => agentId).sort()).toEqual(['agt_busy', 'agt_full']);
          expect(await findNextDueMs(database.pool)).toBeGreaterThan(0);
          const taken = await inTransaction(database, (tx) => takeAssignedTask(tx, 'agt_full'));
          expect(taken?.id).toMatch(/^task_a/);
        }
      });
      await database.pool.query("UPDATE agents SET delivery = 'PULL', max_capacity = 1");
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

function firstOf(node: PlanNode): PlanNode {
  return node.Plans?.[0] ?? node;
}

function allNodes(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(allNodes)];
}

/** The tables that every claim reads, and that grow with use. */
const QUEUE_TABLES: readonly unknown[] = ['tasks', 'task_runs'];

function isOnTasks(node: PlanNode): boolean {
  return isOnQueue(node) && node['Relation Name'] === 'tasks';
}

function isOnQueue(node: PlanNode): boolean {
  return QUEUE_TABLES.includes(node['Relation Name']) && node['Node Type'] !== 'ModifyTable';
}

function findFaults({ root, text }: Plan): string[] {
  const nodes = allNodes(root);
  // The open runs of one agent may be sorted: there are a hundred at most.
  const sorts = nodes.filter((node) => /Sort/.test(node['Node Type']) && allNodes(node).some(isOnTasks));
  const walks = nodes.filter((node) => node['Node Type'] === 'Seq Scan' && isOnQueue(node));
  const long = nodes.filter((node) => isOnQueue(node) && rowsLookedAt(node) > 100);
  return [...sorts, ...walks, ...long].map(
    (node) => `${node['Node Type']} of ${rowsLookedAt(node)} rows: ${text}`,
  );
}

function rowsLookedAt(node: PlanNode): number {
  const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  return (node['Actual Rows'] + removed) * node['Actual Loops'];
}
