import type { QueryConfig } from 'pg';
import { describe, expect, it } from 'vitest';
import type { Executor, Statement } from '../../../src/postgres/statement.js';
import type { Transaction } from '../../../src/postgres/transaction.js';
import { readSlices } from '../../../src/store/lists/keyset.js';
import { FIRINGS_OF_RECURRING_TASKS } from '../../../src/store/recurring/recurring-task-lists.js';
import {
  findNextDueInMs,
  listOpenChildren,
  takeDueRecurringTask,
} from '../../../src/store/recurring/recurring-tasks.js';
import { NEWEST_FIRST, tasksOfRecurringTasks } from '../../../src/store/tasks/task-lists.js';
import { TEST_SETTINGS, type TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';
import { runSql } from '../../support/postgres/throw-away-postgres.js';

let services: TestServices;

/** Ten thousand recurring tasks. One of them has fifty thousand tasks, and two of those are open. */
useServices(
  async (made) => {
    services = made;
    await services.sql(`INSERT INTO recurring_tasks (id, name, schedule, cron, title, tags, next_due_at)
    SELECT 'rec_' || i, 'recurring ' || i, 'daily', '0 0 * * *', 'x', '{}', now() + interval '1 day' + i * interval '1 minute' FROM generate_series(1, 10000) i`);
    await runSql(
      services.database.connectionString,
      'SET session_replication_role = replica',
      `INSERT INTO tasks (id, title, status, tags, recurring_task_id, scheduled_for, created_at, completed_at)
    SELECT 'task_' || i, 'x', (CASE WHEN i > 49998 THEN 'INBOX' ELSE 'CANCELLED' END)::task_status, '{}', 'rec_1',
      now() - i * interval '1 minute', now() - i * interval '1 minute', CASE WHEN i <= 49998 THEN now() END FROM generate_series(1, 50000) i`,
    );
    await services.sql(`INSERT INTO recurring_firings (recurring_task_id, due_at)
    SELECT 'rec_1', now() - i * interval '1 minute' FROM generate_series(1, 50000) i`);
    await services.sql('ANALYZE recurring_tasks, tasks, recurring_firings');
  },
  { keepTasks: true },
);

interface PlanNode {
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** The number of table rows that the statements of the work read. */
async function rowsLookedAt(work: (executor: Executor) => Promise<unknown>): Promise<number> {
  let looked = 0;
  const count = (node: PlanNode): void => {
    const perLoop = node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0);
    if (node['Relation Name'] !== undefined) looked += perLoop * node['Actual Loops'];
    for (const child of node.Plans ?? []) count(child);
  };
  const { pool } = services.database;
  const query = async ({ text, values }: QueryConfig) => {
    const { rows } = await pool.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, values);
    count(rows[0]['QUERY PLAN'][0].Plan);
    return pool.query({ text, values: values ?? [], rowMode: 'array' });
  };
  await work({ query } as Executor);
  return looked;
}

/** An executor with the interface of a transaction, without a transaction. */
function asTransaction(executor: Executor): Transaction {
  const send = async (statement: Statement) =>
    void (await executor.query({ text: statement.text, values: [...(statement.values ?? [])] }));
  return {
    executor,
    query: async (statement) => {
      await send(statement);
      return [];
    },
    one: async (statement) => {
      await send(statement);
      return null;
    },
    emit: () => undefined,
    atEnd: () => undefined,
  };
}

describe('among ten thousand recurring tasks', () => {
  it('the next due time is read from the index', async () => {
    expect(await rowsLookedAt((executor) => findNextDueInMs(executor))).toBeLessThanOrEqual(2);
  });

  it('the search for a due one reads no other one', async () => {
    expect(await rowsLookedAt((executor) => takeDueRecurringTask(asTransaction(executor), []))).toBe(0);
    await services.sql(
      "UPDATE recurring_tasks SET next_due_at = now() - interval '1 minute' WHERE id IN ('rec_5', 'rec_6')",
    );
    expect(
      await rowsLookedAt((executor) => takeDueRecurringTask(asTransaction(executor), ['rec_5'])),
    ).toBeLessThanOrEqual(5);
  });

  it('open tasks are found without reading fifty thousand ended ones', async () => {
    expect(
      await rowsLookedAt((executor) => listOpenChildren(asTransaction(executor), 'rec_1', 100)),
    ).toBeLessThanOrEqual(4);
  });

  it('a page of tasks and a page of firings read only their rows', async () => {
    const page = { size: 10, backward: false, after: null, before: null };
    const columns = { task: ['title'], assignee: null } as const;
    const WAITING = { ...TEST_SETTINGS, gatewayNames: [], slotlessAgentIds: [] };
    const tasks = tasksOfRecurringTasks(null, {}, NEWEST_FIRST, columns, WAITING);
    expect(
      await rowsLookedAt((executor) => readSlices(executor, tasks, ['rec_1'], page)),
    ).toBeLessThanOrEqual(15);
    expect(
      await rowsLookedAt((executor) => readSlices(executor, FIRINGS_OF_RECURRING_TASKS, ['rec_1'], page)),
    ).toBeLessThanOrEqual(15);
  });
});
