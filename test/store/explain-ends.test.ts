import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createInstrument } from '../../src/kernel/instrument.js';
import { createDatabase, type Database } from '../../src/postgres/database.js';
import { type ClaimRequest, claimTasks } from '../../src/store/runs/claim-tasks.js';
import { type EndedRun, type EndRunCall, endRuns } from '../../src/store/runs/end-runs.js';
import { endRunsAndClaim, type HandedIn } from '../../src/store/runs/end-runs-and-claim.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import {
  allNodes,
  createPlanWatch,
  expectHeadsOnly,
  type Plan,
  rowsLookedAt,
  SEND_PLANS,
} from '../support/postgres/plans.js';
import { runSql } from '../support/postgres/throw-away-postgres.js';

const COLUMNS = { task: ['id'], run: [] } as const;
const RULES = { agentTimeoutMs: 600_000, defaultGateway: null, gatewayNames: [] };

/** The rows that exist when the connection makes its plans, as on the first day of a server. */
const FIRST_DAY = [
  "INSERT INTO agents (id, name, role, max_capacity) SELECT 'agt_' || i, 'a' || i, 'agent', 100 FROM generate_series(1, 5) i",
  `INSERT INTO tasks (id, title, status, tags) SELECT 'task_f' || i, 'x', 'INBOX', '{}' FROM generate_series(1, 70) i`,
];

/** A year later: tasks that have ended, their runs, dependencies, keys, and open runs of other agents. */
const LATER = [
  'SET session_replication_role = replica',
  `INSERT INTO tasks (id, title, status, tags, assignee_id, resolution, completed_at, run_count)
   SELECT 'task_d' || i, 'x', 'DONE', '{}', 'agt_' || 1 + i % 5, 'done', now(), 1 FROM generate_series(1, 30000) i`,
  `INSERT INTO task_runs (id, task_id, agent_id, number, trigger, outcome, lease_ms, finished_at)
   SELECT 'run_d' || i, 'task_d' || i, 'agt_' || 1 + i % 5, 1, 'CLAIM', 'SUCCEEDED', 10000, now() FROM generate_series(1, 30000) i`,
  `INSERT INTO task_dependencies (task_id, depends_on_id, settled_at)
   SELECT 'task_d' || i, 'task_d' || i - 1, CASE WHEN i % 2 = 0 THEN now() END FROM generate_series(2, 30000) i`,
  `INSERT INTO idempotency_keys (scope, operation, key, fingerprint, subject_id)
   SELECT 'key_1', 'completeTask', 'old ' || i, 'f', 'run_d' || i FROM generate_series(1, 30000) i`,
  'SET session_replication_role = origin',
  `INSERT INTO tasks (id, title, status, tags) SELECT 'task_i' || i, 'x', 'INBOX', '{}' FROM generate_series(1, 1000) i`,
];

/** The indexes, or else the kinds of scans, by which these statements read tables. */
function accessPaths(plans: readonly Plan[], text: RegExp): string[] {
  const nodes = plans.filter((plan) => text.test(plan.text)).flatMap(({ root }) => allNodes(root));
  const reads = nodes.filter((node) => node['Relation Name'] && node['Node Type'] !== 'ModifyTable');
  return [...new Set(reads.map((node) => node['Index Name'] ?? node['Node Type']))].sort();
}

describe('runs that end, among thirty thousand that have ended', () => {
  let test: TestDatabase;
  let database: Database;
  const { watchPlans, plansOf } = createPlanWatch();
  let made = 0;

  beforeAll(async () => {
    test = await createTestDatabase();
    const blind = ['tasks', 'task_runs', 'task_dependencies', 'idempotency_keys', 'agents'].map(
      (table) => `ALTER TABLE ${table} SET (autovacuum_enabled = off)`,
    );
    await runSql(test.url, SEND_PLANS, 'ANALYZE', ...blind, ...FIRST_DAY);
    database = createDatabase({ connectionString: test.url, instrument: createInstrument(), poolSize: 1 });
    database.pool.on('connect', watchPlans);
    // The connection keeps these plans: PostgreSQL does not plan again when the tables grow.
    for (let i = 0; i < 7; i += 1) {
      await endAll(VERBS);
      await handInAll();
    }
    await runSql(test.url, ...LATER);
  });
  afterAll(async () => {
    await database.close();
    await test.drop();
  });

  const VERBS = ['complete', 'fail', 'release', 'complete'] as const;

  /** Ends as many runs, each of a task that was claimed for it, with one statement. */
  async function endAll(verbs: readonly EndRunCall['verb'][]): Promise<readonly (EndedRun | null)[]> {
    const claims = verbs.map((_, i) => toClaim(`agt_${i + 1}`));
    await claimTasks(database.pool, claims, COLUMNS, RULES);
    return endRuns(
      database.pool,
      verbs.map((verb, i) => toCall(verb, claims[i]?.runId ?? '', claims[i]?.agentId ?? '')),
    );
  }

  /** Completes two tasks and claims the next with the same statement. Ends those as well. */
  async function handInAll(): Promise<readonly (HandedIn | null)[]> {
    const first = ['agt_1', 'agt_2'].map(toClaim);
    await claimTasks(database.pool, first, COLUMNS, RULES);
    const handIns = first.map(({ runId, agentId }) => ({
      end: toCall('complete', runId, agentId),
      claim: toClaim(agentId),
    }));
    const handedIn = await endRunsAndClaim(database.pool, handIns, COLUMNS, RULES);
    await endRuns(
      database.pool,
      handIns.map(({ claim }) => toCall('release', claim.runId, claim.agentId)),
    );
    return handedIn;
  }

  function toClaim(agentId: string): ClaimRequest {
    made += 1;
    const base = { maxCapacity: 100, leaseMs: 600_000, resume: false, idempotencyKey: null, narrowing: null };
    return { ...base, agentId, runId: `run_${made}`, fingerprint: null };
  }

  function toCall(verb: EndRunCall['verb'], runId: string, agentId: string): EndRunCall {
    return {
      ...{
        verb,
        runId,
        agentId,
        keyId: 'key_1',
        note: 'x',
        reason: 'x',
        usage: {},
        columns: '*',
        passes: false,
      },
      decisions: verb === 'fail' ? [{ to: 'back', attempts: 1, waitMs: 600_000 }] : null,
      commentId: verb === 'fail' ? `cmt_${runId}` : null,
      idempotencyKey: verb === 'complete' ? `key of ${runId}` : null,
      fingerprint: verb === 'complete' ? 'f' : null,
    };
  }

  /** The indexes that have an entry of the row: those without a condition, and those whose condition it meets. */
  async function indexesOf(table: 'tasks' | 'task_runs', id: string): Promise<string[]> {
    const { rows } = await database.pool.query<{ name: string; condition: string }>({
      text: `SELECT indexrelid::regclass::text AS name, coalesce(pg_get_expr(indpred, indrelid), 'true') AS condition
        FROM pg_index WHERE indrelid = $1::regclass ORDER BY 1`,
      values: [table],
    });
    const met = rows.map(({ name, condition }) => `CASE WHEN ${condition} THEN '${name}' END`).join(', ');
    const { rows: found } = await database.pool.query<{ names: string[] }>({
      text: `SELECT array_remove(ARRAY[${met}], NULL) AS names FROM ${table} WHERE id = $1`,
      values: [id],
    });
    return found[0]?.names ?? [];
  }

  it('and claims write entries in as few indexes as the lists allow', async () => {
    const claim = toClaim('agt_3');
    const [claimed] = await claimTasks(database.pool, [claim], COLUMNS, RULES);
    const taskId = claimed?.task?.id ?? '';
    const always = [
      'tasks_assignee_status_idx',
      'tasks_created_idx',
      'tasks_number_key',
      'tasks_pkey',
      'tasks_status_idx',
    ];
    expect(await indexesOf('tasks', taskId)).toEqual(always);
    const ofRuns = ['task_runs_agent_idx', 'task_runs_pkey', 'task_runs_task_number_key'];
    const whileOpen = ['task_runs_one_open', 'task_runs_open_by_agent', 'task_runs_open_lease'];
    expect(await indexesOf('task_runs', claim.runId)).toEqual([...ofRuns, ...whileOpen].sort());
    await endRuns(database.pool, [toCall('complete', claim.runId, claim.agentId)]);
    const inOrder = [
      'tasks_priority_idx',
      'tasks_queue_order_idx',
      'tasks_started_idx',
      'tasks_status_at_idx',
      'tasks_status_updated_idx',
    ];
    expect(await indexesOf('tasks', taskId)).toEqual([...always, ...inOrder, 'tasks_review_queue'].sort());
    expect(await indexesOf('task_runs', claim.runId)).toEqual(['task_runs_agent_ended_idx', ...ofRuns]);
  });

  describe.each(['stale', 'fresh'])('with %s statistics', (statistics) => {
    beforeAll(async () => {
      if (statistics === 'fresh') await runSql(test.url, 'ANALYZE');
    });

    it('read no other run, task, dependency or key, also with a claim in the same statement', async () => {
      const plans = await plansOf(async () => {
        for (let i = 0; i < 8; i += 1) {
          const ended = await endAll(VERBS);
          expect(ended.map((end) => end?.to)).toEqual(['REVIEW', 'INBOX', 'INBOX', 'REVIEW']);
          const handedIn = await handInAll();
          expect(handedIn.map((each) => each?.claimed.reason)).toEqual(['ASSIGNED', 'ASSIGNED']);
        }
      });
      const own = plans.filter(({ text }) => !/claim_tasks|tasks_inbox/.test(text));
      expect(own.filter(({ text }) => text.startsWith('UPDATE task_runs'))).toHaveLength(24);
      expectHeadsOnly(plans);
      expect(accessPaths(plans, /^ends := ARRAY\(SELECT ROW/)).toEqual([
        'agents_pkey',
        'task_runs_pkey',
        'tasks_pkey',
      ]);
      expect(accessPaths(plans, /^UPDATE (task_runs r|tasks t) SET .*e\./)).toEqual(['Tid Scan']);
      const large = new Set(['task_dependencies', 'idempotency_keys', 'review_runs', 'agents']);
      const looked = plans.flatMap(({ root, text }) =>
        allNodes(root)
          .filter((node) => large.has(node['Relation Name'] ?? '') && node['Node Type'] !== 'ModifyTable')
          .map((node) => ({ text, rows: rowsLookedAt(node) })),
      );
      expect(looked.filter(({ rows }) => rows > 30)).toEqual([]);
    });
  });
});
