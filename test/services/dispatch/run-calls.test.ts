import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/kernel/clock.js';
import { createGatewayReachability } from '../../../src/services/dispatch/gateway-reachability.js';
import { createRunCalls, type RecoveredRun } from '../../../src/services/dispatch/run-calls.js';
import { anAgent } from '../../support/factories/factory.js';
import { createTestServices, type TestServices } from '../../support/factories/services.js';
import { ScriptedGateway } from '../../support/gateways/scripted-gateway.js';

let services: TestServices;

beforeAll(async () => {
  services = await createTestServices();
});
afterAll(() => services.close());

const aRun: Omit<RecoveredRun, 'gatewayState'> = {
  id: 'run_1',
  taskId: 'task_1',
  gateway: 'scripted',
  idempotencyKey: 'mc-task_1-1',
  prompt: 'Do it.',
  model: 'small',
};

describe.each(['task', 'review'] as const)('the calls of a %s', (kind) => {
  it.each([
    [
      { runId: 'r1', session: null },
      { runId: 'r1', session: null },
    ],
    [{ runId: 'r1', nested: { unknown: true } }, { runId: 'r1' }],
    [['r1'], null],
    ['r1', null],
    [null, null],
  ])('ask the gateway with the state that was stored, %j, as far as it is one', async (stored, state) => {
    const { database, instrument } = services;
    const gateway = new ScriptedGateway();
    const settled: unknown[] = [];
    const calls = createRunCalls({
      context: services,
      kind,
      owner: { dispatcher: 'srv_1', leaseMs: 10_000 },
      reachability: createGatewayReachability({ database, instrument }),
      stopGraceMs: 10,
      settle: async ({ id }, { outcome }) => void settled.push([id, outcome]),
    });
    const leased = { run: { ...aRun, gatewayState: stored }, leasedAtMs: systemClock.now() };
    calls.recover(leased, await anAgent(services), gateway);
    await vi.waitFor(() => expect(settled).toEqual([['run_1', 'UNKNOWN']]), 20_000);
    await calls.stop();
    expect(gateway.recoveries).toEqual([
      { call: expect.objectContaining({ idempotencyKey: 'mc-task_1-1', prompt: 'Do it.' }), state },
    ]);
  });
});
