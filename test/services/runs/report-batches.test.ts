import { beforeEach, describe, expect, it } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { isOutage } from '../../../src/postgres/outage.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { heartbeat } from '../../../src/services/runs/heartbeat.js';
import { renewLease, reportProgress } from '../../../src/services/runs/renew-lease.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { aClaimedTask, aKeyOf, anAgent } from '../../support/factories/factory.js';
import { inOneBatch } from '../../support/factories/one-batch.js';
import type { TestServices } from '../../support/factories/services.js';
import { useTwoProcesses } from '../../support/factories/use-services.js';
import { holdLocks } from '../../support/postgres/held-lock.js';
import { countStatements } from '../../support/postgres/statements.js';

interface Holder {
  readonly agent: AgentRow;
  readonly key: Viewer;
  readonly runId: string;
  readonly taskId: string;
}

let services: TestServices;
let other: TestServices;
let holders: readonly [Holder, Holder, Holder];

useTwoProcesses((two) => {
  ({ services, other } = two);
});
beforeEach(async () => {
  holders = [await aHolder(), await aHolder(), await aHolder()];
});

async function aHolder(): Promise<Holder> {
  const agent = await anAgent(services);
  const { task, runId } = await aClaimedTask(services, agent);
  return { agent, key: await aKeyOf(services, agent), runId, taskId: task.id };
}

const beat = ({ key }: Holder, lease: number | null = null) => heartbeat(services, key, { lease });
const report = ({ key, runId }: Holder, message = 'half') =>
  reportProgress(services, key, { runId, message, percent: 50 });
const renew = ({ key, runId }: Holder, lease: number | null = null) =>
  renewLease(services, key, { runId, lease });
const finish = ({ key, runId }: Holder) => completeTask(services, key, { runId, resolution: 'done' });
const codes = (results: readonly PromiseSettledResult<unknown>[]) =>
  results.map((each) => (each.status === 'fulfilled' ? 'ok' : each.reason.code));
const events = (type: string) =>
  services.sql(
    `SELECT actor_key_id, actor_agent_id, task_id, agent_id, run_id, payload FROM
      (SELECT id, type, actor_key_id, actor_agent_id, task_id, agent_id, run_id, payload FROM event_outbox
       UNION ALL SELECT id, type, actor_key_id, actor_agent_id, task_id, agent_id, run_id, payload FROM events) e
     WHERE type = $1 AND agent_id = ANY($2) ORDER BY id`,
    [type, holders.map(({ agent }) => agent.id)],
  );
/** Each statement on a row of this agent ends its connection. */
async function makeDeadly({ agent }: Holder): Promise<void> {
  await services.sql(`CREATE OR REPLACE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); RETURN NEW; END'`);
  await services.sql(
    `CREATE TRIGGER die BEFORE UPDATE ON agents FOR EACH ROW WHEN (NEW.id = '${agent.id}') EXECUTE FUNCTION die()`,
  );
}

describe('heartbeats that arrive together', () => {
  it('each renew the leases of their own agent, by its own length', async () => {
    const [first, second, third] = holders;
    await finish(third);
    const answers = await inOneBatch(services, [
      () => beat(first, 20_000),
      () => beat(second),
      () => beat(third),
    ]);
    const runs = answers.map(
      (each) => each.status === 'fulfilled' && each.value.runs.map(({ id, leaseMs }) => [id, leaseMs]),
    );
    expect(runs).toEqual([[[first.runId, 20_000]], [[second.runId, 600_000]], []]);
    const seen = await services.sql('SELECT DISTINCT last_heartbeat_at FROM agents WHERE id = ANY($1)', [
      holders.map(({ agent }) => agent.id),
    ]);
    // One time: they were one transaction.
    expect(seen).toHaveLength(1);
  });

  it.each([
    ['agent', 'SELECT FROM agents WHERE id = $1 FOR UPDATE', ({ agent }: Holder) => agent.id],
    ['run', 'SELECT FROM task_runs WHERE id = $1 FOR UPDATE', ({ runId }: Holder) => runId],
  ])('do not wait for one whose %s is locked, and that one waits by itself', async (_, lock, idOf) => {
    const [first, second] = holders;
    const held = await holdLocks(other, lock, [idOf(first)]);
    const waiting = beat(first, 20_000);
    expect(codes(await inOneBatch(services, [() => beat(second)]))).toEqual(['ok']);
    await held.release();
    expect((await waiting).runs).toMatchObject([{ id: first.runId, leaseMs: 20_000 }]);
  });

  it('are all told to retry when the connection dies, and change nothing', async () => {
    const [first, second] = holders;
    await makeDeadly(second);
    const leases = () => services.sql('SELECT id, lease_expires_at FROM task_runs ORDER BY id');
    const before = await leases();
    const answers = await inOneBatch(services, [() => beat(first), () => beat(second)]);
    expect(answers.map((each) => each.status === 'rejected' && isOutage(each.reason))).toEqual([true, true]);
    expect(await leases()).toEqual(before);
    await services.sql('DROP TRIGGER die ON agents');
    expect(codes(await inOneBatch(services, [() => beat(first), () => beat(second)]))).toEqual(['ok', 'ok']);
  });
});

describe('reports and renewals that arrive together', () => {
  it('get their own answers: one has lost its lease, one names the run of another, and the others are served', async () => {
    const [first, second, third] = holders;
    await finish(second);
    const stranger = () => reportProgress(services, second.key, { runId: first.runId, message: 'mine' });
    const answers = await inOneBatch(services, [
      () => report(third),
      () => report(second),
      () => renew(first, 20_000),
    ]);
    expect(codes(answers)).toEqual(['ok', 'LEASE_LOST', 'ok']);
    expect(codes(await inOneBatch(services, [stranger, () => renew(third)]))).toEqual(['NOT_FOUND', 'ok']);
    const run = await services.sql(
      'SELECT progress, progress_percent, lease_ms FROM task_runs WHERE id = ANY($1) ORDER BY lease_ms',
      [[first.runId, third.runId]],
    );
    expect(run).toEqual([
      { progress: null, progress_percent: null, lease_ms: 20_000 },
      { progress: 'half', progress_percent: 50, lease_ms: 600_000 },
    ]);
    expect(await events('run.progress')).toEqual([
      {
        actor_key_id: null,
        actor_agent_id: third.agent.id,
        task_id: third.taskId,
        agent_id: third.agent.id,
        run_id: third.runId,
        payload: { message: 'half', percent: 50 },
      },
    ]);
  });

  it('of one run are served in their order', async () => {
    const [holder] = holders;
    const messages = ['one', 'two', 'three'];
    await inOneBatch(
      services,
      messages.map((message) => () => report(holder, message)),
    );
    expect((await events('run.progress')).map(({ payload }) => payload)).toMatchObject(
      messages.map((message) => ({ message })),
    );
    expect(await renew(holder)).toMatchObject({ progress: 'three' });
  });

  it('of one agent with two runs are one transaction', async () => {
    const [holder] = holders;
    const second = { ...holder, runId: (await aClaimedTask(services, holder.agent)).runId };
    expect(codes(await inOneBatch(services, [() => report(holder), () => report(second)]))).toEqual([
      'ok',
      'ok',
    ]);
    const ids = [holder.runId, second.runId];
    expect(
      await services.sql('SELECT DISTINCT xmin::text FROM task_runs WHERE id = ANY($1)', [ids]),
    ).toHaveLength(1);
  });

  it('announce an agent that was taken for offline, once and after their own events', async () => {
    const [holder] = holders;
    await services.sql("UPDATE agents SET announced_status = 'OFFLINE' WHERE id = $1", [holder.agent.id]);
    const second = { ...holder, runId: (await aClaimedTask(services, holder.agent)).runId };
    await services.sql("UPDATE agents SET announced_status = 'OFFLINE' WHERE id = $1", [holder.agent.id]);
    await inOneBatch(services, [() => report(holder), () => report(second)]);
    const changes = (await events('agent.status_changed')).slice(-1);
    expect(changes).toMatchObject([
      { actor_agent_id: holder.agent.id, payload: { from: 'OFFLINE', to: 'BUSY' } },
    ]);
  });

  it.each([
    ['run', 'SELECT FROM task_runs WHERE id = $1 FOR UPDATE', ({ runId }: Holder) => runId],
    ['agent', 'SELECT FROM agents WHERE id = $1 FOR UPDATE', ({ agent }: Holder) => agent.id],
    ['task', 'SELECT FROM tasks WHERE id = $1 FOR UPDATE', ({ taskId }: Holder) => taskId],
  ])('do not wait for one whose %s is locked', async (_, lock, idOf) => {
    const [first, second] = holders;
    const held = await holdLocks(other, lock, [idOf(first)]);
    const waiting = report(first);
    expect(codes(await inOneBatch(services, [() => report(second)]))).toEqual(['ok']);
    await held.release();
    expect(await waiting).toMatchObject({ progress: 'half' });
  });

  it('are all told to retry when the connection dies, and change nothing', async () => {
    const [first, second] = holders;
    await makeDeadly(second);
    const answers = await inOneBatch(services, [() => report(first), () => report(second)]);
    expect(answers.map((each) => each.status === 'rejected' && isOutage(each.reason))).toEqual([true, true]);
    await services.sql('DROP TRIGGER die ON agents');
    expect(await events('run.progress')).toEqual([]);
    expect(codes(await inOneBatch(services, [() => report(first), () => report(second)]))).toEqual([
      'ok',
      'ok',
    ]);
  });
});

it.each([
  ['a heartbeat', beat],
  ['a report of progress', report],
  ['a renewal', renew],
] as const)('%s costs one round trip', async (_, call) => {
  expect(await countStatements(() => call(holders[0]))).toBe(1);
});
