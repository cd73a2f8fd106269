import { expect, it } from 'vitest';
import { TASK_ORDER_FIELDS, type TaskFilter } from '../../src/domain/tasks/task-filter.js';
import { TASK_STATUSES } from '../../src/domain/tasks/task-status.js';
import { identifier, toStatement } from '../../src/postgres/sql-text.js';
import { openTasks } from '../../src/services/tasks/read-tasks.js';
import { claimTasks } from '../../src/store/runs/claim-tasks.js';
import type { TestServices } from '../support/factories/services.js';
import { useServices } from '../support/factories/use-services.js';

let services: TestServices;

useServices((made) => {
  services = made;
});

/** More than a client needs; every subset is a text of its own. */
const CONDITIONS: TaskFilter = {
  ...{ status: ['INBOX'], priority: ['LOW'], unassigned: true, tags: ['x'], requires: ['x'], pinned: true },
  ...{
    search: 'x',
    overdue: false,
    failureReason: ['FAILED_BY_AGENT'],
    recurringTaskId: 'x',
    pipelineRunId: 'x',
  },
};

/** One of thousands of different statements. Every second one selects by status alone, which is prepared. */
function list(number: number) {
  const filter = number % 2 === 0 ? statusesOf(number >> 1) : conditionsOf(number >> 1);
  const orderBy = {
    field: TASK_ORDER_FIELDS[(number >> 9) % TASK_ORDER_FIELDS.length]!,
    direction: 'DESC',
  } as const;
  const columns = { task: ['id'], assignee: null } as const;
  const page = { size: 1, backward: false, after: null, before: null };
  return openTasks(services, services.admin, { filter, orderBy, columns }).slice(page);
}

function statusesOf(number: number): TaskFilter {
  return { status: TASK_STATUSES.filter((_, place) => (number >> place) % 2 === 1) };
}

function conditionsOf(number: number): TaskFilter {
  const names = Object.keys(CONDITIONS) as (keyof TaskFilter)[];
  const chosen = names.filter((_, place) => (number >> place) % 2 === 1);
  return Object.fromEntries(chosen.map((name) => [name, CONDITIONS[name]]));
}

async function countPrepared(): Promise<number> {
  const { readPool } = services.database;
  const { rows } = await readPool.query('SELECT count(*)::int AS count FROM pg_prepared_statements');
  return Number(rows[0]?.count);
}

// The names are shared by everything in a process, so this file runs in one of its own.
it('a client that varies its filters leaves few prepared statements, and claims are prepared nevertheless', async () => {
  for (let number = 0; number < 1_000; number += 8)
    await Promise.all(Array.from({ length: 8 }, (_, offset) => list(number + offset)));
  const names = Array.from(
    { length: 10_000 },
    (_, number) => toStatement(identifier(`SELECT ${number}`)).name,
  );
  expect(names.filter((name) => name !== undefined)).toEqual([]);
  const counts = await Promise.all(Array.from({ length: 8 }, countPrepared));
  expect(Math.max(...counts)).toBeGreaterThan(30);
  expect(Math.max(...counts)).toBeLessThan(400);

  const rules = { agentTimeoutMs: 1_000, gatewayNames: [], defaultGateway: null };
  const client = await services.database.pool.connect();
  await claimTasks(client, [], { task: ['id', 'title'], run: ['id'] }, rules);
  const { rows } = await client.query(
    "SELECT count(*)::int AS count FROM pg_prepared_statements WHERE statement LIKE '%claim_tasks%'",
  );
  client.release();
  expect(rows).toEqual([{ count: 1 }]);
});
