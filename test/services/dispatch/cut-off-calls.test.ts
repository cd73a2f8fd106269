import { beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/kernel/clock.js';
import type { CallEnding, PlannedCall } from '../../../src/services/dispatch/gateway-call.js';
import {
  createGatewayCalls,
  type GatewayCallsOptions,
} from '../../../src/services/dispatch/gateway-calls.js';
import { createGatewayReachability } from '../../../src/services/dispatch/gateway-reachability.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';
import { answered, ScriptedGateway } from '../../support/gateways/scripted-gateway.js';

let services: TestServices;
let gateway: ScriptedGateway;
/** The endings that were written, in order. */
let written: { readonly runId: string; readonly ending: CallEnding }[];
/** The calls that the gateway has begun after they were stored. */
let begun: string[];

useServices((made) => {
  services = made;
});
beforeEach(() => {
  gateway = new ScriptedGateway();
  written = [];
  begun = [];
});

function someCalls(options: Partial<GatewayCallsOptions> = {}) {
  return createGatewayCalls({
    concurrency: 2,
    leaseMs: 10_000,
    stopGraceMs: 10,
    reachability: createGatewayReachability(services),
    instrument: services.instrument,
    renew: () => new Promise(() => undefined),
    ...options,
  });
}

function aCall(runId: string, changes: Partial<PlannedCall> = {}): PlannedCall {
  const agent = { agentName: 'scout', gatewayAgentId: null, soul: null, model: null };
  return {
    runId,
    workId: runId,
    agentId: 'agt_1',
    gateway,
    call: { idempotencyKey: runId, prompt: 'Do it.', timeoutMs: 60_000, ...agent },
    leasedAtMs: systemClock.now(),
    onAccepted: async () => true,
    settle: async (ending) => void written.push({ runId, ending }),
    ...changes,
  };
}

/** Lets the gateway begin calls only after they were stored. */
function storeFirst(): void {
  gateway.script = async (call, { onAccepted }) => {
    await onAccepted({ gatewayRunId: null, state: {}, mustBeStored: true });
    begun.push(call.idempotencyKey);
    return answered('done');
  };
}

const failing = () => Promise.reject<boolean>(new Error('no database'));

describe('calls of a process without its database', () => {
  it('are ended before the lease ends, and released when that can be written', async () => {
    const calls = someCalls({ leaseMs: 300 });
    const startedAtMs = systemClock.now();
    const freed = new Promise<void>((resolve) => calls.onFree(resolve));
    calls.start(aCall('run_1', { leasedAtMs: startedAtMs - 200 }));
    calls.start(aCall('run_2', { leasedAtMs: startedAtMs }));
    await freed;
    expect(gateway.calls.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    await vi.waitFor(() => expect(written).toHaveLength(2), 20_000);
    const reason = 'The server that sent it could not renew its lease in time and ended the call.';
    expect(written).toEqual(
      ['run_1', 'run_2'].map((runId) => ({ runId, ending: { outcome: 'RELEASED', reason } })),
    );
  });
});

describe('calls that must be stored first', () => {
  beforeEach(storeFirst);

  it('begin only after the commit', async () => {
    const calls = someCalls();
    let attempts = 0;
    const onAccepted = async () => {
      attempts += 1;
      expect(begun).toEqual([]);
      return attempts < 3 ? failing() : true;
    };
    calls.start(aCall('run_1', { onAccepted }));
    await vi.waitFor(() => expect(written).toEqual([{ runId: 'run_1', ending: answered('done') }]), 20_000);
    expect([attempts, begun]).toEqual([3, ['run_1']]);
  });

  it.each([
    ['another process owns the run', 10_000, async () => false],
    ['the lease ends first', 60, failing],
  ])('never begin if %s', async (_, leaseMs, onAccepted) => {
    const calls = someCalls({ leaseMs });
    const freed = new Promise<void>((resolve) => calls.onFree(resolve));
    calls.start(aCall('run_1', { onAccepted }));
    await freed;
    expect(begun).toEqual([]);
    expect(written.filter(({ ending }) => ending.outcome !== 'RELEASED')).toEqual([]);
  });
});
