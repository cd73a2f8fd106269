import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createFeed } from '../../src/feed/feed.js';
import type { Feed } from '../../src/feed/hub.js';
import type { Service } from '../../src/kernel/service.js';
import { pauseAgent, resumeAgent } from '../../src/services/agents/pause-agent.js';
import { cancelPipelineRun } from '../../src/services/pipelines/cancel-pipeline-run.js';
import { failTask } from '../../src/services/runs/fail-task.js';
import { cancelTask } from '../../src/services/tasks/cancel-task.js';
import { createTask } from '../../src/services/tasks/create-task.js';
import { type EventRow, foldEvents } from '../model/fold-events.js';
import { claimFor } from '../support/factories/claims.js';
import { anAgent, aTask } from '../support/factories/factory.js';
import { aPipelineRun, step } from '../support/factories/pipelines.js';
import type { TestServices } from '../support/factories/services.js';
import { useTwoProcesses } from '../support/factories/use-services.js';
import { holdLocks } from '../support/postgres/held-lock.js';
import { type Collector, collect } from './log-fixture.js';

let services: TestServices;
let other: TestServices;
let feed: Feed & Service;
let seen: Collector;

useTwoProcesses(async (two) => {
  ({ services, other } = two);
});
beforeAll(async () => {
  feed = createFeed(services);
  await feed.start();
});
afterAll(() => feed.stop());
beforeEach(async () => {
  seen = await collect(feed);
});

/** The streamed entries of a task, in the shape of rows. */
const streamedOf = (taskId: string): EventRow[] =>
  seen.entries
    .filter((entry) => entry.taskId === taskId)
    .map(({ type, agentId, runId, payload }) => ({
      type,
      agent_id: agentId,
      run_id: runId,
      payload: Object(payload),
    }));

const typesOf = (taskId: string) => streamedOf(taskId).map(({ type }) => type);

/** Resolves when this many transactions of the test's database wait for a lock. */
const untilWaiting = (count: number) =>
  vi.waitFor(async () => {
    const [row] = await services.sql(
      "SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    expect(row).toEqual({ waiting: count });
  }, 20_000);

/** Gives the agent a task, and ends the task if the agent can claim it. */
async function workOnce(process: TestServices, agentId: string, turn: number): Promise<void> {
  await createTask(process, process.admin, { title: 'any', assignee: { id: agentId } });
  const { run, task } = await claimFor(process, { id: agentId });
  if (run === null || task === null) return;
  if (turn % 2 === 0) await cancelTask(process, process.admin, { task: { id: task.id } });
  else await failTask(process, process.admin, { runId: run.id, error: 'broken', retry: false });
}

describe('the order of the log', () => {
  it('has a claim before the cancellation that began earlier and waited', async () => {
    const agent = await anAgent(services, { maxCapacity: 10 });
    const run = await aPipelineRun(services, [step('first'), step('second'), step('third')]);
    const [, second, third] = [...run.taskIds.values()];
    const blocker = await holdLocks(services, 'SELECT FROM tasks WHERE id = $1 FOR UPDATE', [second]);
    const cancelling = cancelPipelineRun(services, services.admin, run.id);
    await untilWaiting(1);
    expect((await claimFor(other, agent)).task?.id).toBe(third);
    await blocker.release();
    await cancelling;
    await vi.waitFor(() => expect(typesOf(third!)).toContain('task.cancelled'), 20_000);
    expect(foldEvents(streamedOf(third!)).status).toBe('CANCELLED');
  });

  it('has the creation of a task before its claim by a statement that began earlier', async () => {
    const agent = await anAgent(services, { maxCapacity: 10 });
    await aTask(services, { startsAt: new Date(Date.now() + 3_600_000) });
    await services.sql("UPDATE tasks SET not_before = now() - interval '1 second'");
    // The claim stops after its first write, where it releases the tasks whose time has come.
    await services.sql(`CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      PERFORM pg_advisory_xact_lock(77); RETURN NULL; END $$`);
    await services.sql(`CREATE TRIGGER wait_for_test AFTER UPDATE ON tasks FOR EACH ROW
      WHEN (OLD.not_before IS NOT NULL AND NEW.not_before IS NULL) EXECUTE FUNCTION wait_for_test()`);
    const blocker = await holdLocks(services, 'SELECT pg_advisory_xact_lock(77)', []);
    const claiming = claimFor(other, agent);
    await untilWaiting(1);
    const task = await aTask(services, { priority: 'CRITICAL' });
    await blocker.release();
    expect((await claiming).task?.id).toBe(task.id);
    await services.sql('DROP TRIGGER wait_for_test ON tasks');
    await vi.waitFor(() => expect(typesOf(task.id)).toContain('run.started'), 20_000);
    expect(typesOf(task.id)).toEqual(['task.created', 'task.claimed', 'run.started']);
  });

  it('has the statuses of an agent as they followed each other, while sixteen writers change them', async () => {
    const agent = await anAgent(services, { maxCapacity: 2 });
    const change = async (process: TestServices, writer: number) => {
      for (let i = 0; i < 12; i += 1) {
        if (writer % 4 !== 3) await workOnce(process, agent.id, i);
        else await (i % 2 === 0 ? pauseAgent : resumeAgent)(process, process.admin, { id: agent.id });
      }
    };
    await Promise.all(
      Array.from({ length: 16 }, (_, writer) => change(writer % 2 ? other : services, writer)),
    );
    const last = await aTask(services);
    await vi.waitFor(() => expect(typesOf(last.id)).toEqual(['task.created']), 20_000);
    const changes = seen.entries
      .filter(({ type, agentId }) => type === 'agent.status_changed' && agentId === agent.id)
      .map(({ payload }) => Object(payload));
    expect(changes.length).toBeGreaterThan(10);
    expect(changes.slice(1).map(({ from }) => from)).toEqual(changes.slice(0, -1).map(({ to }) => to));
    const created = seen.entries.flatMap(({ type, taskId }) =>
      type === 'task.created' ? (taskId ?? []) : [],
    );
    for (const id of created) foldEvents(streamedOf(id));
  });
});
