import { expect, onTestFinished, vi } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { createPlainEvents } from '../../../src/graphql/events/plain-events.js';
import type { Clock } from '../../../src/kernel/clock.js';
import { newId } from '../../../src/kernel/ids.js';
import { createEventNames } from '../../../src/services/events/event-names.js';
import { createStreamTickets } from '../../../src/services/keys/stream-tickets.js';
import { type LiveGraph, openLiveGraph, schema } from '../../support/graphql/live-graph.js';
import { createTestDatabase } from '../../support/postgres/database.js';
import { goodKey, readAnswer, startTestServer, type TestServer } from '../../support/servers/test-server.js';
import { type PlainReader, readPlainEvents } from '../../support/wires/plain-events.js';

/** A server that sends the events of a real log over HTTP. */
export interface EventServer {
  readonly graph: LiveGraph;
  readonly server: TestServer;
  /** Starts another server over the same log. */
  start(pingIntervalMs: number, port?: number): Promise<TestServer>;
  /** Opens a stream until the end of the test. */
  read(query?: string, headers?: Record<string, string>): Promise<PlainReader>;
  /** Sends a request that is expected to be refused. */
  refusal(query: string, headers?: Record<string, string>, method?: string): Promise<Refused>;
  /** Makes the key valid on this server and returns its secret. */
  know(viewer: Viewer): string;
  aViewer(role?: 'VIEWER' | 'ADMIN'): Promise<Viewer>;
  close(): Promise<void>;
}

interface Refused {
  readonly status: number;
  readonly headers: Headers;
  readonly code: unknown;
  readonly message: string;
}

export const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });
const admin = bearer(goodKey);

/** @param clock - the feed's clock, which decides when a subscriber that does not read is closed. */
export async function openEventServer(clock?: Clock): Promise<EventServer> {
  const database = await createTestDatabase();
  const graph = await openLiveGraph(database.url, clock);
  const start = (pingIntervalMs: number, port = 0) => startOver(graph, pingIntervalMs, port);
  const server = await start(15_000);
  const address = `${server.url}/api/events`;
  return {
    graph,
    server,
    start,
    async read(query = '', headers = admin) {
      const reader = await readPlainEvents(server.url, { query, headers: { ...admin, ...headers } });
      onTestFinished(() => reader.close());
      return reader;
    },
    async refusal(query, headers = admin, method = 'GET') {
      const {
        status,
        json,
        headers: sent,
      } = await readAnswer(await fetch(`${address}${query}`, { method, headers }));
      const [error] = json.errors ?? [];
      return { status, headers: sent, code: error?.extensions?.code, message: error?.message ?? '' };
    },
    know(viewer) {
      const secret = `mc_${viewer.keyId}`;
      server.keys.set(secret, viewer);
      return secret;
    },
    async aViewer(role = 'VIEWER') {
      const keyId = newId('key');
      await graph.services.sql(
        "INSERT INTO api_keys (id, name, prefix, hash, role) VALUES ($1, 'board', 'mc_', sha256(convert_to($1, 'UTF8')), $2::api_key_role)",
        [keyId, role],
      );
      return { keyId, role, agentId: null };
    },
    async close() {
      await server.stop();
      await graph.close();
      await database.drop();
    },
  };
}

async function startOver(
  { services, createContext }: LiveGraph,
  pingIntervalMs: number,
  port: number,
): Promise<TestServer> {
  const openEvents = createPlainEvents(createEventNames(services.database));
  const tickets = createStreamTickets(services.database);
  const server = await startTestServer({
    schema,
    createContext,
    limits: { pingIntervalMs },
    http: { host: '127.0.0.1', port, basePath: '', corsOrigins: ['https://board.example'] },
    events: {
      open: (scope, query) => openEvents(createContext(scope, 'subscription'), query),
      issueTicket: tickets.issue,
      redeemTicket: tickets.redeem,
    },
  });
  server.keys.set(goodKey, services.admin);
  return server;
}

/** Waits until the reader has received this many events. */
export function has(reader: PlainReader, count: number): Promise<void> {
  return vi.waitFor(() => expect(reader.count()).toBeGreaterThanOrEqual(count), {
    timeout: 60_000,
    interval: 5,
  });
}

/** Waits for an event of the task. If it was appended last, all earlier events have arrived too. */
export function hasTask(reader: PlainReader, taskId: string): Promise<void> {
  return vi.waitFor(() => expect(reader.events().map(({ task }) => task?.id)).toContain(taskId), 20_000);
}
