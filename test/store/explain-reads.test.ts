import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TaskFilter, TaskOrder } from '../../src/domain/tasks/task-filter.js';
import { createInstrument } from '../../src/kernel/instrument.js';
import { createDatabase, type Database } from '../../src/postgres/database.js';
import { indexNextTexts, prepareSearch } from '../../src/services/tasks/prepare-search.js';
import { eventsThat } from '../../src/store/events/event-lists.js';
import type { LogFilter } from '../../src/store/events/event-log.js';
import { findSpan } from '../../src/store/events/log-times.js';
import { openList } from '../../src/store/lists/list-reader.js';
import { runsThat } from '../../src/store/runs/run-lists.js';
import { findCandidates } from '../../src/store/search/find-candidates.js';
import { estimateRarity } from '../../src/store/tasks/task-conditions.js';
import { countTasksBy } from '../../src/store/tasks/task-counts.js';
import { NEWEST_FIRST, tasksThat } from '../../src/store/tasks/task-lists.js';
import { findSeenTasks } from '../../src/store/tasks/visible-tasks.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { allNodes, createPlanWatch, rowsLookedAt, SEND_PLANS } from '../support/postgres/plans.js';
import { runSql } from '../support/postgres/throw-away-postgres.js';
import { FEW, MANY } from './old-tasks.js';
import {
  DUE,
  ENDED,
  EVENTS,
  LAST,
  LISTS,
  OLDEST,
  PRIORITY,
  QUEUE,
  RARE,
  RARE_EVENTS,
  RARE_RUNS,
  RECENT,
  RUNS,
  STARTED,
  STATUS,
} from './read-cases.js';

const PAGE = { size: 20, backward: false, after: null, before: null };
const COLUMNS = { task: ['id', 'title'], assignee: null } as const;
const WAITING = {
  ...{ agentTimeoutMs: 600_000, defaultGateway: null, gatewayNames: [] },
  ...{ coordinatorAgent: 'aegis', slotlessAgentIds: [] },
};
describe('a table with twenty thousand ended tasks', () => {
  let test: TestDatabase;
  let database: Database;
  const { watchPlans, plansOf } = createPlanWatch();

  beforeAll(async () => {
    test = await createTestDatabase();
    await runSql(test.url, SEND_PLANS, ...FEW, ...MANY);
    database = createDatabase({ connectionString: test.url, instrument: createInstrument(), poolSize: 1 });
    database.readPool.on('connect', watchPlans);
    database.pool.on('connect', watchPlans);
  });
  afterAll(async () => {
    await database.close();
    await test.drop();
  });

  /** The most rows that a node of the plans has looked at. The candidates of a merge are 64 heads of 21 rows at most. */
  async function mostRows(work: () => Promise<unknown>): Promise<number> {
    const plans = await plansOf(work);
    expect(plans.length).toBeGreaterThan(0);
    // The plan of an EXPLAIN was not run.
    const run = plans.filter(({ root }) => root['Actual Rows'] !== undefined);
    return Math.max(...run.flatMap(({ root }) => allNodes(root).map(rowsLookedAt)));
  }

  const list = async (filter: TaskFilter, order: TaskOrder) => {
    const resolved = { ...filter, ...(await estimateRarity(database.pool, filter)) };
    return openList(database.pool, tasksThat(null, resolved, order, COLUMNS, WAITING)).slice(PAGE);
  };
  const viewerOf = (agentId: string) => ({ agentId, coordinatorAgent: 'aegis' });
  const listFor = async (agentId: string, filter: TaskFilter, order: TaskOrder) => {
    const seen = await findSeenTasks(database.pool, viewerOf(agentId));
    return openList(
      database.pool,
      tasksThat(viewerOf(agentId), { ...filter, seen }, order, COLUMNS, WAITING),
    );
  };
  const events = (filter: LogFilter) =>
    openList(database.pool, eventsThat({ tasks: null, seesKeys: true }, filter)).slice(PAGE);

  describe.each(['stale', 'fresh'])('with %s statistics', (statistics) => {
    beforeAll(async () => {
      if (statistics === 'fresh') await runSql(test.url, 'VACUUM ANALYZE');
    });

    it.each(statistics === 'fresh' ? [...LISTS, ...RARE] : LISTS)(
      'reads the heads of the list %o by %o, and no further',
      async (filter, order, count) => {
        const rows = await mostRows(async () => expect((await list(filter, order)).rows).toHaveLength(count));
        expect(rows).toBeLessThan(1_400);
      },
    );

    it.each(statistics === 'fresh' ? ['agt_new', 'agt_judge', 'agt_idle', 'agt_busy'] : [])(
      'reads the heads of the lists that %s sees, and no further',
      async (agentId) => {
        const rows = await mostRows(async () => {
          for (const order of [QUEUE, LAST, OLDEST, DUE, RECENT, STATUS, STARTED, PRIORITY])
            expect((await (await listFor(agentId, {}, order)).slice(PAGE)).rows).toHaveLength(20);
        });
        expect(rows).toBeLessThan(1_400);
      },
    );

    it.each(statistics === 'fresh' ? [...EVENTS, ...RARE_EVENTS] : EVENTS)(
      'reads no more events than the page of %o has',
      async (filter, count) => {
        const rows = await mostRows(async () => expect((await events(filter)).rows).toHaveLength(count));
        expect(rows).toBeLessThan(100);
      },
    );

    it.each(statistics === 'fresh' ? [...RUNS, ...RARE_RUNS] : RUNS)(
      'reads no more runs than the page of %o has',
      async (selection, count) => {
        const runs = openList(database.pool, runsThat(selection, true, ['id']));
        const rows = await mostRows(async () => expect((await runs.slice(PAGE)).rows).toHaveLength(count));
        expect(rows).toBeLessThan(100);
      },
    );
  });

  it('reads the part of the log in which a period lies', async () => {
    const at = { gte: new Date(Date.now() - 5_000_000), lt: new Date(Date.now() - 4_990_000) };
    const span = await findSpan(database.pool, at);
    const period = openList(database.pool, eventsThat({ tasks: null, seesKeys: true }, { at }, span));
    const rows = await mostRows(async () => expect((await period.slice(PAGE)).rows).toHaveLength(10));
    expect(rows).toBeLessThan(11_000);
  });

  it('finds pinned tasks without reading the ended ones along the order, even where the planner expects some', async () => {
    const analyse = 'VACUUM ANALYZE tasks';
    // With these statistics, the planner errs only in a much larger table.
    await runSql(test.url, 'DROP STATISTICS tasks_status_pinned');
    await runSql(test.url, `UPDATE tasks SET pinned = true WHERE status = 'ASSIGNED'`, analyse);
    for (const order of [QUEUE, LAST, OLDEST, DUE, RECENT, PRIORITY, ENDED]) {
      const rows = await mostRows(async () =>
        expect((await list({ pinned: true }, order)).rows).toHaveLength(20),
      );
      expect(rows, JSON.stringify(order)).toBeLessThan(1_400);
    }
    await runSql(test.url, `UPDATE tasks SET pinned = false WHERE pinned`, analyse);
  });

  it('counts by status, priority and assignee without reading a task', async () => {
    for (const by of ['STATUS', 'PRIORITY', 'ASSIGNEE'] as const) {
      // As countTasks in src/services/tasks does: each status in its index.
      const tasks = tasksThat(null, {}, PRIORITY, COLUMNS, WAITING);
      const plans = await plansOf(() => countTasksBy(database.pool, tasks, by));
      const scans = plans.flatMap(({ root }) => allNodes(root)).map((node) => node['Node Type']);
      expect(scans).toContain('Index Only Scan');
    }
  });

  it.each<[TaskFilter]>([[{ priority: ['LOW'] }], [{ dueAt: { lt: new Date() } }]])(
    'counts %o in the default order in the indexes of the statuses',
    async (filter) => {
      const tasks = openList(database.pool, tasksThat(null, filter, NEWEST_FIRST, COLUMNS, WAITING));
      const plans = await plansOf(async () => expect(await tasks.count()).toBeGreaterThan(200));
      const large = plans
        .flatMap(({ root }) => allNodes(root))
        .filter((node) => node['Relation Name'] === 'tasks' && rowsLookedAt(node) > 100);
      expect(new Set(large.map((node) => node['Node Type']))).toEqual(new Set(['Index Only Scan']));
    },
  );

  it('shows an agent the same tasks whether they are collected before the list or checked along its order', async () => {
    const filters: TaskFilter[] = [
      { status: ['DONE', 'REVIEW', 'ASSIGNED'], not: { assignee: [{ id: 'agt_busy' }] } },
      { not: { status: ['INBOX'] } },
      { priority: ['MEDIUM'], not: { status: ['INBOX'] } },
      { unassigned: true, not: { status: ['INBOX'] } },
      { dueAt: { lt: new Date() }, not: { status: ['INBOX'] } },
    ];
    const sizes: number[] = [];
    for (const agentId of ['agt_new', 'agt_judge', 'agt_idle'])
      for (const filter of filters)
        for (const order of [LAST, DUE]) {
          const collected = await listFor(agentId, filter, order);
          const checked = openList(
            database.pool,
            tasksThat(viewerOf(agentId), filter, order, COLUMNS, WAITING),
          );
          const { rows } = await checked.slice(PAGE);
          expect((await collected.slice(PAGE)).rows).toEqual(rows);
          expect(await collected.count()).toBe(rows.length);
          expect(await checked.count()).toBe(rows.length);
          sizes.push(rows.length);
        }
    // What agt_new created, worked on or reviewed and is not in the inbox, and the two reviews that agt_judge sees.
    expect(new Set(sizes)).toEqual(new Set([5, 4, 0, 2]));
  });

  it('finds parts of words by the index, and what is not written there yet', async () => {
    await prepareSearch({ database });
    let indexing = await indexNextTexts({ database });
    while (indexing.hasMore) indexing = await indexNextTexts({ database });
    await runSql(test.url, 'VACUUM ANALYZE search_texts, comments, quality_reviews');
    const rows = await mostRows(async () =>
      expect(await findCandidates(database.pool, 'epair 19999')).toEqual({
        candidateIds: ['task_d19999'],
        lateIds: [],
      }),
    );
    expect(rows).toBeLessThan(1_400);
    expect(await findCandidates(database.pool, 'gateway')).toEqual({ candidateIds: null, lateIds: [] });

    await runSql(
      test.url,
      `INSERT INTO tasks (id, title, status, tags) VALUES ('task_new', 'zebra', 'INBOX', '{}')`,
      `INSERT INTO comments (id, task_id, body) VALUES ('cmt_1', 'task_w1', 'A giraffe.')`,
      `INSERT INTO event_outbox (type, task_id) VALUES ('task.comment_added', 'task_w1')`,
    );
    expect((await findCandidates(database.pool, 'zebr')).candidateIds).toContain('task_new');
    const find = async (text: string, filter: TaskFilter = {}) => {
      const found = await findCandidates(database.pool, text);
      return openList(
        database.pool,
        tasksThat(null, { ...filter, search: text, ...found }, QUEUE, COLUMNS, WAITING),
      );
    };
    const search = async (text: string) => (await (await find(text)).slice(PAGE)).rows.map(({ id }) => id);
    expect(await search('GIRAF write')).toEqual(['task_w1']);
    expect(await search('zebra')).toEqual(['task_new']);
    expect(await search('zebra giraffe')).toEqual([]);
    expect(await search('task-1')).toContain('task_first');

    // Of many matches, the index answers for all tasks but the changed ones.
    await runSql(
      test.url,
      "UPDATE tasks SET title = 'Changed' WHERE id = 'task_d7'",
      "UPDATE tasks SET title = 'Repair the gateway at last' WHERE id = 'task_w7'",
      "INSERT INTO event_outbox (type, task_id) SELECT 'task.updated', id FROM tasks WHERE id IN ('task_d7', 'task_w7')",
    );
    const gateway = await find('GATEWAY repair');
    expect(await gateway.count()).toBe(20_000);
    expect(await (await find('gateway', { status: ['DONE'] })).count()).toBe(19_999);
    expect(await (await find('gateway', { assignee: [{ id: 'agt_idle' }] })).count()).toBe(0);
    const page = await gateway.slice({ ...PAGE, size: 100 });
    expect(page.rows).toHaveLength(100);
    expect(page.rows.map(({ id }) => id)).not.toContain('task_d7');
    expect(await mostRows(async () => void (await gateway.slice(PAGE)))).toBeLessThan(1_400);
    expect((await (await find('gateway', { status: ['ASSIGNED'] })).slice(PAGE)).rows).toMatchObject([
      { id: 'task_w7' },
    ]);
  });

  it('counts what is not overdue as all tasks without the overdue ones', async () => {
    const count = (filter: TaskFilter) =>
      openList(database.pool, tasksThat(null, filter, OLDEST, COLUMNS, WAITING)).count();
    const waiting = { not: { status: ['DONE'] } } as const;
    const rows = await mostRows(async () =>
      expect(await count({ ...waiting, overdue: false })).toBe(
        (await count(waiting)) - (await count({ ...waiting, overdue: true })),
      ),
    );
    expect(rows).toBeLessThan(2_100);
    expect(await count({ overdue: false, dueAt: { lt: new Date() } })).toBe(20_000);
  });

  it('finds words without the index, and says once that it is missing', async () => {
    await runSql(test.url, 'DROP INDEX search_texts_trgm', 'DROP EXTENSION pg_trgm');
    const warnings: string[] = [];
    const instrument = createInstrument();
    const refused = {
      ...database,
      instrument: {
        ...instrument,
        emit: (level: string, name: string) => void warnings.push(`${level} ${name}`),
      },
    };
    await runSql(
      test.url,
      `CREATE FUNCTION refuse_extension() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE insufficient_privilege; END $$`,
      `CREATE EVENT TRIGGER refuse_extension ON ddl_command_start WHEN TAG IN ('CREATE EXTENSION') EXECUTE FUNCTION refuse_extension()`,
    );
    await prepareSearch({ database: refused });
    expect(warnings).toEqual(['warn search.without_index']);
    expect((await findCandidates(database.pool, 'epair 19999')).candidateIds).toContain('task_d19999');
  });
});
