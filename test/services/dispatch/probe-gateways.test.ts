import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createEchoGateway } from '../../../src/gateway/echo.js';
import type { Gateway, GatewayReach } from '../../../src/gateway/gateway.js';
import { inTransaction } from '../../../src/postgres/transaction.js';
import { probeGateways } from '../../../src/services/dispatch/probe-gateways.js';
import type { ServiceSettings } from '../../../src/services/service-context.js';
import { noteOutage } from '../../../src/store/dispatch/gateway-outages.js';
import { anAgent } from '../../support/factories/factory.js';
import { createTestServices, type TestServices } from '../../support/factories/services.js';

let services: TestServices;
beforeAll(async () => {
  services = await createTestServices();
});
afterAll(() => services.close());
beforeEach(() => services.sql('DELETE FROM gateway_outages'));

const context = (...gateways: Gateway[]) => ({
  ...services,
  gateways: new Map(gateways.map((gateway) => [gateway.name, gateway])),
  settings: { ...services.settings, configuredGateways: gateways.map(({ name }) => name) },
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
      {
        name: 'echo',
        kind: 'echo',
        state: 'REACHABLE',
        reachable: true,
        error: null,
        remedy: null,
        checkedAt: expect.any(Date),
      },
      {
        name: 'away',
        kind: 'echo',
        state: 'UNREACHABLE',
        reachable: false,
        error: 'Nobody listens.',
        remedy: null,
        checkedAt: expect.any(Date),
      },
    ]);
  });

  it('shows a gateway as BROKEN that refuses its probe, or calls in some process', async () => {
    const refused = { error: '401 Incorrect API key', remedy: 'Check the key.' };
    const keyless = aGateway('keyless', async () => ({ reachable: false, ...refused }));
    await inTransaction(services.database, (tx) =>
      noteOutage(tx, { gateway: 'echo', ...refused, forMs: 60_000 }),
    );
    expect(await probeGateways(context(keyless, createEchoGateway()))).toMatchObject([
      { name: 'keyless', state: 'BROKEN', reachable: false, ...refused },
      { name: 'echo', state: 'BROKEN', reachable: true, ...refused },
    ]);
  });

  it('lists those that are configured, the default, and those that agents name, also if this process has none', async () => {
    const spare = aGateway('spare', async () => ({ reachable: true, error: null }));
    const some = (settings: Partial<ServiceSettings> = {}) => {
      const all = context(createEchoGateway(), spare);
      return { ...all, settings: { ...all.settings, configuredGateways: [], ...settings } };
    };
    expect(await probeGateways(some())).toEqual([]);
    const { gateways } = some();
    const agent = await anAgent(
      { ...services, gateways: new Map(gateways) },
      { config: { gateway: 'spare' } },
    );
    expect(await probeGateways(some())).toMatchObject([{ name: 'spare' }]);
    const named = await probeGateways(some({ defaultGateway: 'echo' }));
    expect(named).toMatchObject([{ name: 'echo' }, { name: 'spare' }]);
    await services.sql("UPDATE agents SET gateway = 'gone' WHERE id = $1", [agent.id]);
    expect(await probeGateways(some())).toEqual([
      {
        name: 'gone',
        kind: 'gone',
        state: 'UNKNOWN',
        reachable: null,
        error: 'This server has no gateway gone.',
        remedy: null,
        checkedAt: null,
      },
    ]);
    await services.sql('UPDATE agents SET gateway = NULL');
  });

  it('aborts the probe of one that does not answer, and still returns the others', async () => {
    const given: AbortSignal[] = [];
    const silent = aGateway('silent', (signal) => {
      given.push(signal);
      return new Promise(() => undefined);
    });
    const probed = await probeGateways(context(silent, createEchoGateway()), 100);
    expect(probed).toMatchObject([
      { name: 'silent', reachable: false, error: 'No answer within 0.1 seconds.' },
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
