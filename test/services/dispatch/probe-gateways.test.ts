import { describe, expect, it } from 'vitest';
import { createEchoGateway } from '../../../src/gateway/echo.js';
import type { Gateway, GatewayReach } from '../../../src/gateway/gateway.js';
import { systemClock } from '../../../src/kernel/clock.js';
import { probeGateways } from '../../../src/services/dispatch/probe-gateways.js';

const context = (...gateways: Gateway[]) => ({
  gateways: new Map(gateways.map((gateway) => [gateway.name, gateway])),
  clock: systemClock,
});
const aGateway = (name: string, probe: (signal: AbortSignal) => Promise<GatewayReach>): Gateway => ({
  ...createEchoGateway(),
  name,
  probe,
});

describe('probing the gateways', () => {
  it('returns for each whether it answers, and when it was probed', async () => {
    const away = aGateway('away', async () => ({ reachable: false, error: 'Nobody listens.' }));
    expect(await probeGateways(context(createEchoGateway(), away))).toEqual([
      { name: 'echo', kind: 'echo', reachable: true, error: null, checkedAt: expect.any(Date) },
      { name: 'away', kind: 'echo', reachable: false, error: 'Nobody listens.', checkedAt: expect.any(Date) },
    ]);
  });

  it('aborts the probe of one that does not answer, and still returns the others', async () => {
    const given: AbortSignal[] = [];
    const silent = aGateway('silent', (signal) => {
      given.push(signal);
      return new Promise(() => undefined);
    });
    const probed = await probeGateways(context(silent, createEchoGateway()), 20);
    expect(probed).toMatchObject([
      { name: 'silent', reachable: false, error: 'No answer within 20 ms.' },
      { name: 'echo', reachable: true },
    ]);
    expect(given[0]?.aborted).toBe(true);
  });

  it('probes once for concurrent callers, and again for later ones', async () => {
    let asked = 0;
    const counting = context(
      aGateway('counting', async () => {
        asked += 1;
        return { reachable: true, error: null };
      }),
    );
    await Promise.all([probeGateways(counting), probeGateways(counting)]);
    expect(asked).toBe(1);
    await probeGateways(counting);
    expect(asked).toBe(2);
  });
});
