import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentRow } from '../../src/store/agents/agents.js';
import { clearTasks } from '../support/factories/claims.js';
import { anAgent } from '../support/factories/factory.js';
import {
  createTestServices,
  openTestServices,
  TEST_SETTINGS,
  type TestServices,
} from '../support/factories/services.js';
import { command, describeTasks } from './commands.js';
import { type EventRow, foldEvents } from './fold-events.js';
import { TaskModel } from './task-model.js';
import type { Real } from './verb-kinds.js';

const CAPACITIES = [1, 2, 100];

let services: TestServices;
let other: TestServices;
let agents: AgentRow[];

beforeAll(async () => {
  // No backoff: the model knows no time.
  const settings = { dispatch: { ...TEST_SETTINGS.dispatch, backoffMs: 0 } };
  services = await createTestServices(settings);
  other = await openTestServices(services.database.connectionString, settings);
  agents = await Promise.all(CAPACITIES.map((maxCapacity) => anAgent(services, { maxCapacity })));
});
afterAll(async () => {
  await other.close();
  await services.close();
});

async function aReal(): Promise<Real> {
  await clearTasks(services);
  const real: Real = { processes: [services, other], agents, taskIds: [], runIds: [], readTasks };
  const agentIds = agents.map(({ id }) => id);

  async function readTasks(): Promise<unknown[]> {
    const rows = await services.sql(
      `SELECT status, assignee_id, pinned, current_run_id, version, dispatch_attempts AS attempts, review_cycles AS cycles,
        review_round AS round, open_dependencies AS open, priority,
        (SELECT count(*)::int FROM comments c WHERE c.task_id = t.id) AS comments
       FROM tasks t ORDER BY number`,
    );
    return rows.map(({ assignee_id: assignee, current_run_id: run, ...row }) => ({
      ...row,
      assignee: assignee === null ? null : agentIds.indexOf(String(assignee)),
      run: run === null ? null : real.runIds.indexOf(String(run)),
    }));
  }

  return real;
}

/** Expects that the events of every task, in the order of their positions (`events.id`), lead to the state of its row. */
async function expectLogToMatchRows(): Promise<void> {
  const rows = await services.sql(
    `SELECT id, status, assignee_id AS "assigneeId", current_run_id AS "runId",
      (SELECT count(*)::int FROM comments c WHERE c.task_id = t.id) AS comments FROM tasks t ORDER BY number`,
  );
  const events = await services.sql<EventRow>(
    'SELECT task_id, type, agent_id, run_id, payload FROM events WHERE task_id IN (SELECT id FROM tasks) ORDER BY id',
  );
  for (const { id, ...row } of rows) {
    expect(foldEvents(events.filter((event) => event.task_id === id))).toEqual(row);
  }
}

/** Lists in the order of completion read tasks_status_at_idx, because a task ends with its last change of status. */
async function expectEndsAtLastStatus(): Promise<void> {
  expect(
    await services.sql('SELECT id FROM tasks WHERE completed_at IS NOT NULL AND completed_at <> status_at'),
  ).toEqual([]);
}

describe('the real store', () => {
  it('behaves as the model for every sequence of commands', { timeout: 300_000 }, async () => {
    // A failure prints its seed and path. Pass both to fc.assert to repeat it.
    await fc.assert(
      fc.asyncProperty(fc.commands([command], { maxCommands: 100, size: 'max' }), async (commands) => {
        const model = new TaskModel(CAPACITIES);
        const real = await aReal();
        await fc.asyncModelRun(() => ({ model, real }), commands);
        expect(await real.readTasks()).toEqual(describeTasks(model));
        await expectLogToMatchRows();
        await expectEndsAtLastStatus();
      }),
      { numRuns: 50 },
    );
  });
});
