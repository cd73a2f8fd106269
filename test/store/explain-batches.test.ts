import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SYSTEM } from '../../src/domain/actor.js';
import { createInstrument } from '../../src/kernel/instrument.js';
import { createDatabase, type Database } from '../../src/postgres/database.js';
import { claimReviews } from '../../src/store/reviews/claim-reviews.js';
import { submitVerdicts } from '../../src/store/reviews/submit-verdicts.js';
import { beat } from '../../src/store/runs/heartbeats.js';
import { updateRuns } from '../../src/store/runs/update-runs.js';
import { addComments } from '../../src/store/tasks/add-comments.js';
import { createTasks, type TaskToCreate } from '../../src/store/tasks/create-tasks.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { allNodes, createPlanWatch, type Plan, rowsLookedAt, SEND_PLANS } from '../support/postgres/plans.js';
import { runSql } from '../support/postgres/throw-away-postgres.js';

/** The rows that exist when a connection makes its plans, as on the first day of a server. */
const FIRST_DAY = [
  "INSERT INTO api_keys (id, name, prefix, hash, role) VALUES ('key_a', 'a', 'mc_', '\\x00', 'ADMIN')",
  "INSERT INTO agents (id, name, role, max_capacity) SELECT 'agt_' || n, n, 'reviewer', 100 FROM unnest('{one,two,crowd}'::text[]) n",
  'SET session_replication_role = replica',
  `INSERT INTO tasks (id, title, status, tags, assignee_id, current_run_id, run_count) SELECT 'task_' || n, 'x', 'IN_PROGRESS', '{}', 'agt_' || n, 'run_' || n, 1
   FROM unnest('{one,two}'::text[]) n`,
  `INSERT INTO task_runs (id, task_id, agent_id, number, trigger, lease_ms, lease_expires_at)
   SELECT 'run_' || n, 'task_' || n, 'agt_' || n, 1, 'CLAIM', 600000, now() + interval '1 h' FROM unnest('{one,two}'::text[]) n`,
  "INSERT INTO comments (id, task_id, author_key_id, body) VALUES ('cmt_1', 'task_one', 'key_a', 'x')",
  'SET session_replication_role = origin',
];

/** Others hold ten thousand runs, agents have ended and lost thousands, and fifty thousand keys were used. */
const LATER = [
  "INSERT INTO agents (id, name, role) SELECT 'agt_' || i, 'a' || i, 'agent' FROM generate_series(1, 3000) i",
  'SET session_replication_role = replica',
  `INSERT INTO tasks (id, title, status, tags, assignee_id, current_run_id, run_count, created_by_agent_id)
   SELECT 'task_h' || i, 'x', 'IN_PROGRESS', '{}', 'agt_crowd', 'run_h' || i, 1, CASE WHEN i <= 5 THEN 'agt_one' ELSE 'agt_crowd' END
   FROM generate_series(1, 10000) i`,
  `INSERT INTO task_runs (id, task_id, agent_id, number, trigger, lease_ms, lease_expires_at)
   SELECT 'run_h' || i, 'task_h' || i, 'agt_crowd', 1, 'CLAIM', 600000, now() + interval '1 h' FROM generate_series(1, 10000) i`,
  `INSERT INTO task_runs (id, task_id, agent_id, number, trigger, outcome, lease_ms, finished_at, lost_reason)
   SELECT 'run_e' || i, 'task_e' || i, CASE WHEN i % 2 = 0 THEN 'agt_one' ELSE 'agt_crowd' END, 1, 'CLAIM', 'SUCCEEDED', 10000, now(),
     CASE WHEN i % 2 = 1 THEN 'lost' END FROM generate_series(1, 10000) i`,
  `INSERT INTO task_dependencies (task_id, depends_on_id) SELECT 'task_h' || i, 'task_e' || i FROM generate_series(1, 10000) i`,
  `INSERT INTO quality_reviews (id, task_id, round, verdict) SELECT 'rev_' || i, 'task_e' || i, 1, 'APPROVED' FROM generate_series(1, 10000) i`,
  `INSERT INTO review_runs (id, task_id, round, agent_id, lease_ms, lease_expires_at)
   SELECT 'rvr_' || i, 'task_h' || i, 1, 'agt_crowd', 600000, now() + interval '1 h' FROM generate_series(1, 10000) i`,
  `INSERT INTO comments (id, task_id, author_key_id, body) SELECT 'cmt_h' || i, 'task_h' || i, 'key_a', 'x' FROM generate_series(1, 10000) i`,
  'SET session_replication_role = origin',
  `INSERT INTO idempotency_keys (scope, operation, key, fingerprint, subject_id)
   SELECT 'key_a', 'createTask', 'old' || i, 'f', 'task_h' || i FROM generate_series(2, 10000) i`,
];

/** The tables that grow with use. */
const GROWING: readonly unknown[] = [
  'tasks',
  'task_runs',
  'review_runs',
  'idempotency_keys',
  'agents',
  'api_keys',
  'comments',
  'quality_reviews',
  'task_dependencies',
];

/** What a plan of a batch of three must not have: scans of whole tables, and nodes that look at more rows than the batch needs. */
function findFaults({ root, text }: Plan): string[] {
  const onGrowing = allNodes(root).filter(
    (node) => GROWING.includes(node['Relation Name']) && node['Node Type'] !== 'ModifyTable',
  );
  const bad = onGrowing.filter((node) => node['Node Type'] === 'Seq Scan' || rowsLookedAt(node) > 60);
  return bad.map((node) => `${node['Node Type']} of ${rowsLookedAt(node)} ${node['Relation Name']}: ${text}`);
}

describe('the statements that serve batches of calls', () => {
  let test: TestDatabase;
  let database: Database;
  const { watchPlans, plansOf } = createPlanWatch();
  let made = 0;

  beforeAll(async () => {
    test = await createTestDatabase();
    const blind = [
      'ANALYZE',
      ...GROWING.map((table) => `ALTER TABLE ${table} SET (autovacuum_enabled = off)`),
    ];
    await runSql(test.url, SEND_PLANS, ...FIRST_DAY, ...blind);
    database = createDatabase({ connectionString: test.url, instrument: createInstrument(), poolSize: 1 });
    database.pool.on('connect', watchPlans);
    // The connection keeps these plans: PostgreSQL does not plan again when the tables grow.
    for (let i = 0; i < 8; i += 1) for (const run of Object.values(verbs)) await run();
  });
  afterAll(async () => {
    await database.close();
    await test.drop();
  });

  function aTask(more: Partial<TaskToCreate>): TaskToCreate {
    made += 1;
    return {
      ...{
        id: `task_n${made}`,
        keyId: 'key_a',
        agentId: null,
        assignee: null,
        idempotencyKey: null,
        fingerprint: null,
      },
      ...{
        title: 'x',
        description: null,
        priority: 'LOW',
        dueAt: null,
        startsAt: null,
        tags: ['a'],
        requires: [],
      },
      ...{ metadata: {}, reviewPolicy: 'SKIP', onDependencyFailure: 'BLOCK', ...more },
    };
  }

  const verbs = {
    async createTasks() {
      made += 1;
      const [first = [], second = [], repeat = []] = await createTasks(
        database.pool,
        [
          {
            tasks: [aTask({ assignee: { name: 'two' }, idempotencyKey: `k${made}`, fingerprint: 'f' })],
            maxOpen: 1_000,
            columns: '*',
          },
          {
            tasks: [aTask({ agentId: 'agt_one', assignee: { id: 'agt_one' } })],
            maxOpen: 1_000,
            columns: '*',
          },
          { tasks: [aTask({ idempotencyKey: 'old1', fingerprint: 'f' })], maxOpen: 1_000, columns: '*' },
        ],
        '*',
      );
      expect([first, second].map(([outcome]) => outcome?.reason)).toEqual(['CREATED', 'CREATED']);
      expect(repeat[0]?.reason).toMatch(/^(CREATED|REPEATED)$/);
    },
    async addComments() {
      made += 1;
      const author = { keyId: 'key_a', agentId: null, body: 'x', fingerprint: 'f' };
      const [, second, repeat] = await addComments(database.pool, [
        { ...author, id: `cmt_a${made}`, task: { number: 1n }, inReplyToId: null, idempotencyKey: null },
        {
          ...author,
          id: `cmt_b${made}`,
          task: { id: 'task_one' },
          inReplyToId: 'cmt_1',
          idempotencyKey: `c${made}`,
        },
        {
          ...author,
          id: `cmt_c${made}`,
          task: { id: 'task_one' },
          inReplyToId: null,
          idempotencyKey: 'same',
        },
      ]);
      expect([second?.isNew, repeat?.comment.taskId]).toEqual([true, 'task_one']);
    },
    async heartbeat() {
      const beatOf = (agentId: string, only: string[] | null) => ({
        ...{ agentId, only, leaseMs: null, agentTimeoutMs: 600_000, actor: { keyId: null, agentId } },
      });
      const answers = await beat(database.pool, [beatOf('agt_one', null), beatOf('agt_two', ['run_two'])], {
        agent: '*',
        runs: '*',
      });
      expect(answers.map((each) => each?.runs.length)).toEqual([1, 1]);
    },
    async updateRuns() {
      const update = { keyId: 'key_a', agentId: null, percent: null, leaseMs: null, agentTimeoutMs: 600_000 };
      const answers = await updateRuns(
        database.pool,
        [
          { ...update, runId: 'run_one', message: 'half' },
          { ...update, runId: 'run_two', message: null },
          { ...update, runId: 'run_missing', message: null },
        ],
        '*',
      );
      expect(answers.map((each) => each?.run.id)).toEqual(['run_one', 'run_two', undefined]);
    },
    async claimReviews() {
      const id = await putInReview(null);
      const request = { leaseMs: 600_000, coordinatorAgent: 'aegis', actor: SYSTEM, agentTimeoutMs: 600_000 };
      const answers = await claimReviews(database.pool, [
        { ...request, agentId: 'agt_one', runId: `rvr_c${made}` },
        { ...request, agentId: 'agt_two', runId: `rvr_d${made}` },
      ]);
      await runSql(
        test.url,
        "DELETE FROM review_runs WHERE agent_id = 'agt_one'",
        `DELETE FROM task_runs WHERE task_id = '${id}'`,
        `DELETE FROM tasks WHERE id = '${id}'`,
      );
      expect(answers.map((each) => each?.claimed?.task.id)).toEqual([id, undefined]);
    },
    async submitVerdicts() {
      const ids = [await putInReview('agt_one'), await putInReview(null), await putInReview(null)] as const;
      const [first, second, third] = ids;
      const approval = {
        verdict: 'APPROVED' as const,
        ...{
          round: null,
          commentId: 'cmt_unused',
          feedback: null,
          keyId: 'key_a',
          reviewerId: null,
          needsClaim: false,
          agentTimeoutMs: 600_000,
        },
        ...{ coordinatorAgent: 'aegis', idempotencyKey: null, fingerprint: null },
      };
      const answers = await submitVerdicts(database.pool, [
        { ...approval, id: `rev_${first}`, task: { id: first }, reviewerId: 'agt_one', needsClaim: true },
        {
          ...approval,
          id: `rev_${second}`,
          task: { id: second },
          idempotencyKey: `v${second}`,
          fingerprint: 'f',
        },
        {
          ...approval,
          id: `rev_${third}`,
          task: { id: third },
          ...{ verdict: 'REJECTED', feedback: 'x', commentId: `cmt_${third}` },
        },
      ]);
      expect(answers.map((each) => each?.task.status)).toEqual(['DONE', 'DONE', 'ASSIGNED']);
    },
  };

  /** A task in REVIEW, whose round this agent has claimed. */
  async function putInReview(reviewerId: string | null): Promise<string> {
    made += 1;
    const id = `task_v${made}`;
    const review = `INSERT INTO review_runs (id, task_id, round, agent_id, lease_ms, lease_expires_at)
      VALUES ('rvr_v${made}', '${id}', 1, '${reviewerId}', 600000, now() + interval '1 h')`;
    await runSql(
      test.url,
      'SET session_replication_role = replica',
      `INSERT INTO tasks (id, title, status, tags, assignee_id, resolution, review_round, run_count)
       VALUES ('${id}', 'x', 'REVIEW', '{}', 'agt_two', 'done', 1, 1)`,
      `INSERT INTO task_runs (id, task_id, agent_id, number, trigger, outcome, lease_ms, finished_at)
       VALUES ('run_v${made}', '${id}', 'agt_two', 1, 'CLAIM', 'SUCCEEDED', 10000, now())`,
      ...(reviewerId === null ? [] : [review]),
    );
    return id;
  }

  describe.each([
    ['few rows', []],
    ['many rows that the planner does not know of', LATER],
    ['many rows', ['ANALYZE']],
  ])('with %s', (_, change) => {
    beforeAll(() => runSql(test.url, ...change));

    it.each(Object.entries(verbs))(
      '%s reads each table by an index, and only the rows of its calls',
      async (_name, run) => {
        const plans = await plansOf(async () => {
          for (let i = 0; i < 7; i += 1) await run();
        });
        expect(plans.length).toBeGreaterThan(7);
        expect(new Set(plans.flatMap(findFaults))).toEqual(new Set());
      },
    );
  });
});
