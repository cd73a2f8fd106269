import { isObjectType } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEchoGateway } from '../../../src/gateway/echo.js';
import { type Graph, openGraph, schema } from '../../support/graphql/graph.js';

let graph: Graph;
beforeAll(async () => {
  graph = await openGraph({ configuredGateways: ['echo', 'away'] });
  graph.services.gateways.set('echo', createEchoGateway()).set('away', {
    ...createEchoGateway(),
    name: 'away',
    kind: 'openclaw',
    probe: async () => ({ reachable: false, error: 'Nobody listens.' }),
  });
});
afterAll(() => graph.close());

const GATEWAYS = '{ gateways { name kind state reachable lastError remedy checkedAt } }';

describe('the gateways in the graph', () => {
  it('are listed with their current reachability', async () => {
    const checkedAt = expect.stringMatching(/Z$/);
    expect((await graph.get(GATEWAYS)).gateways).toEqual([
      {
        name: 'echo',
        kind: 'echo',
        state: 'REACHABLE',
        reachable: true,
        lastError: null,
        remedy: null,
        checkedAt,
      },
      {
        name: 'away',
        kind: 'openclaw',
        state: 'UNREACHABLE',
        reachable: false,
        lastError: 'Nobody listens.',
        remedy: null,
        checkedAt,
      },
    ]);
  });

  it('say of `reachable` what happens to the tasks', () => {
    const type = schema.getType('Gateway');
    const description = isObjectType(type) ? type.getFields().reachable?.description : null;
    expect(description).toContain('the tasks of its agents wait with `waitingOn: GATEWAY_UNREACHABLE`');
    expect(description).toContain('No attempt is counted');
  });

  it('are visible to a viewer, and not to an agent key', async () => {
    const viewer = { ...graph.services.admin, role: 'VIEWER' as const };
    expect((await graph.get(GATEWAYS, {}, viewer)).gateways).toHaveLength(2);
    const agent = { ...graph.services.admin, role: 'AGENT' as const, agentId: 'agt_1' };
    expect((await graph.ask(GATEWAYS, {}, agent)).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  });
});
