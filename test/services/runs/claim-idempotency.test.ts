import { describe, expect, it } from 'vitest';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import type { ClaimRequest } from '../../../src/store/runs/claim-tasks.js';
import { claimFor } from '../../support/factories/claims.js';
import { anAgent, aTask } from '../../support/factories/factory.js';
import { namedRefusalsOf } from '../../support/factories/refusals.js';
import type { TestServices } from '../../support/factories/services.js';
import { useTwoProcesses } from '../../support/factories/use-services.js';

let services: TestServices;
let other: TestServices;

useTwoProcesses((two) => {
  ({ services, other } = two);
});

const key = { idempotencyKey: 'k' };
const runs = async () => (await services.sql('SELECT id FROM task_runs')).length;

describe('a claim with an idempotency key', () => {
  it('answers a repeat with the same claim, on any process and also after the task was completed', async () => {
    const agent = await anAgent(services);
    for (let i = 0; i < 3; i += 1) await aTask(services);
    const first = await claimFor(services, agent, key);
    const repeat = await claimFor(other, agent, key);
    expect([repeat.reason, repeat.task?.id, repeat.run?.id]).toEqual([
      'ASSIGNED',
      first.task?.id,
      first.run?.id,
    ]);
    await completeTask(services, services.admin, { runId: first.run?.id, resolution: 'done' });
    const late = await claimFor(services, agent, key);
    expect([late.reason, late.run?.id, late.run?.outcome]).toEqual(['ASSIGNED', first.run?.id, 'SUCCEEDED']);
    expect(await runs()).toBe(1);
  });

  it('is one claim when two processes send it many times concurrently', async () => {
    for (let round = 0; round < 5; round += 1) {
      const agent = await anAgent(services);
      for (let i = 0; i < 4; i += 1) await aTask(services);
      const before = await runs();
      const claims = await Promise.all(
        Array.from({ length: 12 }, (_, i) => claimFor(i % 2 ? services : other, agent, key)),
      );
      expect(new Set(claims.map(({ run }) => run?.id)).size).toBe(1);
      expect(claims.map(({ reason }) => reason)).toEqual(Array(12).fill('ASSIGNED'));
      expect((await runs()) - before).toBe(1);
    }
  });

  it('is another claim for another agent', async () => {
    for (let i = 0; i < 2; i += 1) await aTask(services);
    const claims = await Promise.all([
      claimFor(services, await anAgent(services), key),
      claimFor(services, await anAgent(services), key),
    ]);
    expect(new Set(claims.map(({ task }) => task?.id)).size).toBe(2);
  });

  it('is refused if the key was sent with another input, also concurrently', async () => {
    const agent = await anAgent(services);
    for (let i = 0; i < 3; i += 1) await aTask(services);
    await claimFor(services, agent, key);
    const otherInput = { ...key, lease: 20_000 };
    expect(await namedRefusalsOf(claimFor(services, agent, otherInput))).toEqual([
      'IDEMPOTENCY_KEY_REUSED idempotencyKey',
    ]);
    const twin = await anAgent(services);
    const outcomes = await Promise.allSettled([
      claimFor(services, twin, key),
      claimFor(services, twin, otherInput),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await runs()).toBe(2);
  });

  it('is the same claim with a longer wait', async () => {
    const agent = await anAgent(services);
    await aTask(services);
    const first = await claimFor(services, agent, { ...key, waitSeconds: 5 });
    expect((await claimFor(services, agent, { ...key, waitSeconds: 1 })).run?.id).toBe(first.run?.id);
  });

  it('is a new claim after 24 hours', async () => {
    const agent = await anAgent(services);
    for (let i = 0; i < 2; i += 1) await aTask(services);
    const first = await claimFor(services, agent, key);
    const age = (interval: string) =>
      services.sql(`UPDATE idempotency_keys SET created_at = created_at - interval '${interval}'`);
    await age('23 h 59 min');
    expect((await claimFor(services, agent, key)).run?.id).toBe(first.run?.id);
    await age('1 min');
    const later = await claimFor(services, agent, { ...key, lease: 20_000 });
    expect(later.run?.id).not.toBe(first.run?.id);
    expect((await claimFor(services, agent, { ...key, lease: 20_000 })).run?.id).toBe(later.run?.id);
  });

  it('is not stored if it got no task', async () => {
    const agent = await anAgent(services);
    expect((await claimFor(services, agent, key)).reason).toBe('NO_TASKS_AVAILABLE');
    const made = await aTask(services);
    expect((await claimFor(services, agent, key)).task?.id).toBe(made.id);
  });
});

/** Sends the requests to the queue in this order. The first runs when the others arrive, so those share a statement. */
describe('claims of one agent that arrive together', () => {
  const request: Omit<ClaimRequest, 'agentId' | 'runId'> = {
    maxCapacity: 100,
    leaseMs: 20_000,
    resume: false,
    idempotencyKey: null,
    narrowing: null,
    fingerprint: null,
  };

  async function claimTogether(...requests: readonly Partial<ClaimRequest>[]) {
    const bystander = await anAgent(services);
    const agent = await anAgent(services);
    for (let i = 0; i < 5; i += 1) await aTask(services);
    const [, ...claims] = await Promise.all([
      services.claims.claim({ ...request, agentId: bystander.id }),
      ...requests.map((each) => services.claims.claim({ ...request, agentId: agent.id, ...each })),
    ]);
    return claims;
  }

  it('under one key are one claim', async () => {
    const keyed = { idempotencyKey: 'k', fingerprint: 'f' };
    const claims = await claimTogether(keyed, keyed, { ...keyed, fingerprint: 'other' });
    expect(claims.map(({ reason }) => reason)).toEqual(['ASSIGNED', 'ASSIGNED', 'IDEMPOTENCY_KEY_REUSED']);
    expect(claims[1]).toEqual(claims[0]);
    expect(await runs()).toBe(2);
  });

  it('see each other: resume answers with the task that an earlier one has got', async () => {
    const claims = await claimTogether(
      {},
      { resume: true, leaseMs: 30_000 },
      { resume: true, leaseMs: 40_000 },
    );
    expect(claims.map(({ reason }) => reason)).toEqual(['ASSIGNED', 'CONTINUE_CURRENT', 'CONTINUE_CURRENT']);
    expect(new Set(claims.map(({ run }) => run?.id)).size).toBe(1);
    const [run] = await services.sql(
      "SELECT lease_ms, lease_expires_at >= started_at + interval '40 s' AS renewed FROM task_runs WHERE id = $1",
      [claims[0]?.run?.id],
    );
    expect(run).toEqual({ lease_ms: 40_000, renewed: true });
  });

  it('count each other against the capacity', async () => {
    const claims = await claimTogether({ maxCapacity: 2 }, { maxCapacity: 2 }, { maxCapacity: 2 });
    expect(claims.map(({ reason }) => reason)).toEqual(['ASSIGNED', 'ASSIGNED', 'AT_CAPACITY']);
  });
});
