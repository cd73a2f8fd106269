import type { ApiKeyRole, Viewer } from '../../src/domain/actor.js';
import { createEchoGateway } from '../../src/gateway/echo.js';
import { systemClock } from '../../src/kernel/clock.js';
import { createApiKey, revokeApiKey } from '../../src/services/keys/api-keys.js';
import { createAuthenticator } from '../../src/services/keys/authenticator.js';
import type { AgentRow } from '../../src/store/agents/agents.js';
import { anAgent } from '../support/factories/factory.js';
import { type LiveGraph, openLiveGraph, schema } from '../support/graphql/live-graph.js';
import { createTestDatabase } from '../support/postgres/database.js';
import { startTestServer, type TestServer } from '../support/servers/test-server.js';

/**
 * The keys whose rights the table lists. OWN is the key of the agent that does the work, PEER the key of an agent that
 * created the tasks and does not work on them, OTHER the key of an agent that has nothing to do with them.
 */
export const COLUMNS = ['ADMIN', 'OPERATOR', 'VIEWER', 'OWN', 'PEER', 'OTHER'] as const;
export type Column = (typeof COLUMNS)[number];

/** A server with keys of every role on a database of its own. */
export interface World {
  readonly graph: LiveGraph;
  readonly server: TestServer;
  readonly agents: Readonly<Record<'own' | 'peer' | 'other' | 'judge', AgentRow>>;
  readonly viewers: Readonly<Record<Column, Viewer>>;
  readonly secrets: Readonly<Record<Column, string>>;
  readonly revokedSecret: string;
  /** Posts an operation with the key; null sends no key. */
  ask(secret: string | null, query: string, variables?: object): Promise<WorldAnswer>;
  close(): Promise<void>;
}

export interface WorldAnswer {
  readonly status: number;
  readonly data: Record<string, unknown> | null;
  readonly codes: readonly string[];
}

export async function openWorld(): Promise<World> {
  const database = await createTestDatabase();
  const graph = await openLiveGraph(database.url);
  const { services } = graph;
  services.gateways.set('echo', createEchoGateway());
  const jobs = {
    names: ['pruneEvents'],
    everyMs: () => 60_000,
    nextRunInMs: () => 60_000,
    runOnce: async () => 1,
  };
  Object.assign(services, { jobs });
  const agents = {
    own: await anAgent(services, { name: 'own', soul: 'Be careful.', capabilities: ['typescript'] }),
    peer: await anAgent(services, { name: 'peer' }),
    other: await anAgent(services, { name: 'other' }),
    judge: await anAgent(services, { name: 'judge', role: 'reviewer' }),
  };
  const aKey = async (role: ApiKeyRole, agent?: AgentRow) => {
    const input = { name: role, role, agent: agent && { id: agent.id } };
    const { apiKey, secret } = await createApiKey(services, services.admin, input);
    return { secret, viewer: { keyId: apiKey.id, role, agentId: agent?.id ?? null } satisfies Viewer };
  };
  const keys = {
    ADMIN: await aKey('ADMIN'),
    OPERATOR: await aKey('OPERATOR'),
    VIEWER: await aKey('VIEWER'),
    OWN: await aKey('AGENT', agents.own),
    PEER: await aKey('AGENT', agents.peer),
    OTHER: await aKey('AGENT', agents.other),
  };
  const revoked = await aKey('ADMIN');
  await revokeApiKey(services, services.admin, revoked.viewer.keyId);
  const { authenticate, close } = createAuthenticator(services.database, systemClock, services.instrument);
  // Keys that are refused are sent thousands of times.
  const limits = { failedAuthenticationsPerSecond: 1e6, failedAuthenticationBurst: 1e6 };
  const server = await startTestServer({ schema, createContext: graph.createContext, authenticate, limits });
  const each = <Value>(read: (key: (typeof keys)[Column]) => Value) =>
    Object.fromEntries(COLUMNS.map((column) => [column, read(keys[column])])) as Record<Column, Value>;
  return {
    ...{ graph, server, agents, revokedSecret: revoked.secret },
    viewers: each(({ viewer }) => viewer),
    secrets: each(({ secret }) => secret),
    ask: (secret, query, variables = {}) => ask(`${server.url}/graphql`, secret, { query, variables }),
    async close() {
      await server.stop();
      await close();
      await graph.close();
      await database.drop();
    },
  };
}

async function ask(url: string, secret: string | null, body: object): Promise<WorldAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(secret !== null && { authorization: `Bearer ${secret}` }),
    },
    body: JSON.stringify(body),
  });
  const { data = null, errors = [] } = (await response.json()) as {
    data?: Record<string, unknown> | null;
    errors?: { message: string; extensions?: { code?: string } }[];
  };
  const codes = errors.map(({ message, extensions }) => extensions?.code ?? message);
  return { status: response.status, data, codes };
}
