import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { GatewayAnswer } from '../../../src/gateway/gateway.js';
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
let accepted: unknown[];

useServices((made) => {
  services = made;
});
beforeEach(() => {
  gateway = new ScriptedGateway();
  written = [];
  accepted = [];
});

function aReachability(firstMs = 1, longestMs = 5) {
  const { database, instrument } = services;
  return createGatewayReachability({ database, instrument, probing: { firstMs, longestMs } });
}

function someCalls(options: Partial<GatewayCallsOptions> = {}) {
  const reachability = options.reachability ?? aReachability();
  const calls = createGatewayCalls({
    concurrency: 2,
    leaseMs: 10_000,
    stopGraceMs: 10,
    reachability,
    instrument: services.instrument,
    renew: async (runIds) => new Set(runIds),
    ...options,
  });
  return { calls, reachability };
}

function aCall(runId: string, changes: Partial<PlannedCall> = {}): PlannedCall {
  return {
    runId,
    workId: runId,
    agentId: 'agt_1',
    gateway,
    call: {
      idempotencyKey: runId,
      agentName: 'scout',
      gatewayAgentId: null,
      prompt: 'Do it.',
      soul: null,
      model: null,
      timeoutMs: 60_000,
    },
    leasedAtMs: systemClock.now(),
    onAccepted: async (each) => accepted.push(each) > 0,
    settle: async (ending) => void written.push({ runId, ending }),
    ...changes,
  };
}

describe('calls to gateways', () => {
  it('take a slot each until their ending is written, and announce a free slot', async () => {
    const { calls } = someCalls();
    const freed = new Promise<void>((resolve) => calls.onFree(resolve));
    calls.start(aCall('run_1'));
    calls.start(aCall('run_2'));
    expect(calls.free()).toBe(0);
    expect(calls.underWay().map(({ runId, agentId, gatewayName }) => [runId, agentId, gatewayName])).toEqual([
      ['run_1', 'agt_1', 'scripted'],
      ['run_2', 'agt_1', 'scripted'],
    ]);
    gateway.calls[0]!.answer(answered('done'));
    await freed;
    expect(written).toEqual([{ runId: 'run_1', ending: answered('done') }]);
    expect(accepted[0]).toEqual({ gatewayRunId: 'run_1', state: { boot: 'scripted' } });
    expect(calls.free()).toBe(1);
    await calls.stop();
  });

  it('are aborted without an ending when a renewal shows that another process owns the run', async () => {
    const { calls } = someCalls({ leaseMs: 600, renew: async () => new Set(['run_2']) });
    const freed = new Promise<void>((resolve) => calls.onFree(resolve));
    calls.start(aCall('run_1'));
    calls.start(aCall('run_2'));
    await freed;
    expect(gateway.calls.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    expect(written).toEqual([]);
    await calls.stop();
  });

  it('go on while renewals fail', async () => {
    const renewals: number[] = [];
    const { calls } = someCalls({
      leaseMs: 600,
      renew: async (runIds) => {
        renewals.push(runIds.length);
        if (renewals.length < 3) throw new Error('no database');
        return new Set(runIds);
      },
    });
    calls.start(aCall('run_1'));
    await vi.waitFor(() => expect(renewals.length).toBeGreaterThan(3), 20_000);
    expect(gateway.last().signal.aborted).toBe(false);
    await calls.stop();
  });

  it('are aborted when the run is lost; a late answer is passed on and stored', async () => {
    gateway.respondsToAborts = false;
    const { calls } = someCalls({ patience: { overtimeMs: 1_000, abandonAfterMs: 1 } });
    const freed = new Promise<void>((resolve) => calls.onFree(resolve));
    calls.start(aCall('run_1'));
    calls.lose('run_1');
    await freed;
    expect(calls.free()).toBe(2);
    expect(written).toEqual([]);
    gateway.last().answer(answered('too late'));
    await vi.waitFor(
      () => expect(written).toEqual([{ runId: 'run_1', ending: answered('too late') }]),
      20_000,
    );
    await calls.stop();
  });

  it('time out by the clock of the process when the gateway ignores the timeout', async () => {
    gateway.respondsToAborts = false;
    const { calls } = someCalls({ patience: { overtimeMs: 1, abandonAfterMs: 1 } });
    const late = aCall('run_1');
    calls.start({ ...late, call: { ...late.call, timeoutMs: 1 } });
    await vi.waitFor(() => expect(written).toMatchObject([{ ending: { outcome: 'TIMED_OUT' } }]), 20_000);
    await calls.stop();
  });

  it('fail when the gateway throws', async () => {
    gateway.script = () => {
      throw new Error('a bug');
    };
    const { calls } = someCalls();
    calls.start(aCall('run_1'));
    await vi.waitFor(
      () =>
        expect(written).toMatchObject([
          { ending: { outcome: 'FAILED', permanent: false, error: expect.stringContaining('a bug') } },
        ]),
      20_000,
    );
    await calls.stop();
  });

  it('ask for the outcome of a call that another process sent', async () => {
    gateway.recovery = () => answered('found');
    const { calls } = someCalls();
    calls.start(aCall('run_1', { recovers: { state: { boot: 'b1' } } }));
    await vi.waitFor(() => expect(written).toEqual([{ runId: 'run_1', ending: answered('found') }]), 20_000);
    expect(gateway.recoveries).toMatchObject([{ state: { boot: 'b1' } }]);
    expect(gateway.calls).toEqual([]);
    await calls.stop();
  });

  it('retry to write the ending until it succeeds', async () => {
    let tries = 0;
    const { calls } = someCalls();
    calls.start(
      aCall('run_1', {
        settle: async (ending) => {
          tries += 1;
          if (tries < 3) throw new Error('no database');
          written.push({ runId: 'run_1', ending });
        },
      }),
    );
    gateway.last().answer(answered('done'));
    await vi.waitFor(() => expect(written).toHaveLength(1), 20_000);
    expect(tries).toBe(3);
    await calls.stop();
  });
});

describe('stopping', () => {
  it('waits for calls that end soon, and releases the others once', async () => {
    const { calls } = someCalls({ stopGraceMs: 200 });
    calls.start(aCall('run_1'));
    calls.start(aCall('run_2'));
    const stopped = calls.stop();
    expect(calls.free()).toBe(0);
    gateway.calls[0]!.answer(answered('in time'));
    await stopped;
    expect(written).toEqual([
      { runId: 'run_1', ending: answered('in time') },
      { runId: 'run_2', ending: { outcome: 'RELEASED', reason: 'The server that sent it is stopping.' } },
    ]);
    await calls.stop();
    expect(written).toHaveLength(2);
  });

  it('releases a run that begins during the stop, without a call', async () => {
    const { calls } = someCalls();
    const stopped = calls.stop();
    calls.start(aCall('run_1'));
    await stopped;
    await vi.waitFor(
      () =>
        expect(written).toEqual([
          { runId: 'run_1', ending: { outcome: 'RELEASED', reason: 'The server that sent it is stopping.' } },
        ]),
      20_000,
    );
    expect(gateway.calls).toEqual([]);
  });

  it('does not wait for a gateway that ignores the abort', async () => {
    gateway.respondsToAborts = false;
    const { calls } = someCalls({ patience: { overtimeMs: 1_000, abandonAfterMs: 10 } });
    calls.start(aCall('run_1'));
    await calls.stop();
    expect(written).toEqual([
      { runId: 'run_1', ending: { outcome: 'RELEASED', reason: 'The server that sent it is stopping.' } },
    ]);
  });
});

describe('a stop while the database does not answer', () => {
  it('ends without the endings that can not be written in time', async () => {
    const { calls } = someCalls({ endingsGraceMs: 50 });
    let tries = 0;
    const settle = () => {
      tries += 1;
      return new Promise<never>(() => undefined);
    };
    calls.start(aCall('run_1', { settle }));
    await calls.stop();
    expect(tries).toBe(1);
  }, 20_000);
});

describe('a gateway that could not begin a call', () => {
  const notBegun: GatewayAnswer = { outcome: 'NOT_BEGUN', error: 'connection refused', retryAfterMs: null };

  it('counts as unreachable, in the process and in the database, until a probe succeeds', async () => {
    gateway.reach = { reachable: false, error: 'still away' };
    gateway.script = () => notBegun;
    const { calls, reachability } = someCalls();
    const returned = new Promise<string>((resolve) => reachability.onReturn(resolve));
    calls.start(aCall('run_1'));
    await vi.waitFor(() => expect(reachability.isReachable('scripted')).toBe(false), 20_000);
    await vi.waitFor(
      async () =>
        expect(
          await services.sql('SELECT gateway, error, expires_at > now() AS counts FROM gateway_outages'),
        ).toEqual([{ gateway: 'scripted', error: 'still away', counts: true }]),
      20_000,
    );
    gateway.reach = { reachable: true, error: null };
    expect(await returned).toBe('scripted');
    expect(reachability.isReachable('scripted')).toBe(true);
    await vi.waitFor(
      async () => expect(await services.sql('SELECT FROM gateway_outages')).toEqual([]),
      20_000,
    );
    await Promise.all([calls.stop(), reachability.stop()]);
  });

  it('is probed with growing intervals while probes succeed and calls do not begin', async () => {
    gateway.script = () => notBegun;
    const { calls, reachability } = someCalls({ reachability: aReachability(40, 10_000) });
    const pauses: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const begunAt = performance.now();
      const returned = new Promise<string>((resolve) => reachability.onReturn(resolve));
      calls.start(aCall(`run_${round}`));
      await returned;
      pauses.push(performance.now() - begunAt);
    }
    expect(pauses[2]).toBeGreaterThanOrEqual(79);
    await Promise.all([calls.stop(), reachability.stop()]);
  });

  it('is probed no sooner than its retryAfterMs', async () => {
    gateway.script = () => ({ ...notBegun, retryAfterMs: 25 });
    const { calls, reachability } = someCalls();
    const begunAt = performance.now();
    const returned = new Promise<string>((resolve) => reachability.onReturn(resolve));
    calls.start(aCall('run_1'));
    await returned;
    expect(performance.now() - begunAt).toBeGreaterThanOrEqual(24);
    await Promise.all([calls.stop(), reachability.stop()]);
  });
});
