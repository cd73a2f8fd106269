import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { expect, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { Viewer } from '../../../src/domain/actor.js';
import { buildSchema } from '../../../src/graphql/schema.js';
import { newId, newRequestId } from '../../../src/kernel/ids.js';
import { isOutage } from '../../../src/postgres/outage.js';
import { type LiveGraph, openLiveGraph } from '../../support/graphql/live-graph.js';
import { createTestDatabase } from '../../support/postgres/database.js';
import { startTestServer } from '../../support/servers/test-server.js';

/** The results of one subscriber, as they were in the messages. */
export interface Stream {
  readonly payloads: string[];
  /** The only field of each result. */
  items(): ReturnType<typeof JSON.parse>[];
  has(count: number): Promise<void>;
  pause(): void;
  resume(): void;
  close(): void;
}

export interface Asked {
  readonly query: string;
  readonly variables?: object;
  readonly operationName?: string;
}

/** A server over a real log that counts its executions for subscriptions. */
export interface SharedServer {
  readonly graph: LiveGraph;
  /** Items executed since the last call. */
  takeExecutions(): number;
  /** Creates a key that is valid on this server. */
  aKey(role: 'VIEWER' | 'OPERATOR' | 'ADMIN'): Promise<{ secret: string; viewer: Viewer }>;
  know(viewer: Viewer): string;
  overWebSocket(secret: string, asked: Asked): Promise<Stream>;
  overSse(secret: string, asked: Asked): Promise<Stream>;
  close(): Promise<void>;
}

export async function openSharedServer(): Promise<SharedServer> {
  const database = await createTestDatabase();
  const graph = await openLiveGraph(database.url);
  const counter = { executions: 0 };
  const schema = countingSchema(counter);
  const server = await startTestServer({ schema, createContext: graph.createContext, isOutage });

  function know(viewer: Viewer): string {
    const secret = `mc_${viewer.keyId}`;
    server.keys.set(secret, viewer);
    return secret;
  }

  return {
    graph,
    know,
    takeExecutions() {
      const { executions } = counter;
      counter.executions = 0;
      return executions;
    },
    async aKey(role) {
      const viewer = { keyId: newId('key'), role, agentId: null };
      await graph.services.sql(
        "INSERT INTO api_keys (id, name, prefix, hash, role) VALUES ($1, 'test', right($1, 8), sha256(convert_to($1, 'UTF8')), $2::api_key_role)",
        [viewer.keyId, role],
      );
      return { secret: know(viewer), viewer };
    },
    overWebSocket: (secret, asked) => overWebSocket(server.url, secret, asked),
    overSse: (secret, asked) => overSse(server.url, secret, asked),
    async close() {
      await server.stop();
      await graph.close();
      await database.drop();
    },
  };
}

function countingSchema(counter: { executions: number }) {
  const schema = buildSchema();
  for (const field of Object.values(schema.getSubscriptionType()?.getFields() ?? {})) {
    const { resolve } = field;
    field.resolve = (...args) => {
      counter.executions += 1;
      return resolve?.(...args);
    };
  }
  return schema;
}

async function overWebSocket(url: string, secret: string, asked: Asked): Promise<Stream> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const payloads: string[] = [];
  const begun = new Promise<void>((resolve) => {
    socket.on('message', (message) => {
      const text = String(message);
      if (text.includes('"connection_ack"')) {
        socket.send(JSON.stringify({ id: newRequestId(), type: 'subscribe', payload: asked }));
        // The server answers the ping only after it has read the subscription.
        socket.send('{"type":"ping"}');
      }
      if (text.includes('"pong"')) resolve();
      if (text.includes('"type":"next"'))
        payloads.push(text.slice(text.indexOf('"payload":') + '"payload":'.length, -1));
    });
  });
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${secret}` } }));
  await begun;
  return {
    ...collected(payloads),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: () => socket.terminate(),
  };
}

async function overSse(url: string, secret: string, asked: Asked): Promise<Stream> {
  const call = request(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${secret}`,
    },
  });
  call.end(JSON.stringify(asked));
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const payloads: string[] = [];
  let rest = '';
  response.setEncoding('utf8').on('data', (text: string) => {
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks)
      if (block.startsWith('event: next')) payloads.push(block.slice(block.indexOf('data: ') + 6));
  });
  call.on('error', () => undefined);
  response.on('error', () => undefined);
  return {
    ...collected(payloads),
    pause: () => response.pause(),
    resume: () => response.resume(),
    close: () => call.destroy(),
  };
}

function collected(payloads: string[]): Pick<Stream, 'payloads' | 'items' | 'has'> {
  return {
    payloads,
    items: () => payloads.map((text) => Object.values(JSON.parse(text).data ?? {})[0]),
    has: (count) =>
      vi.waitFor(() => expect(payloads.length).toBeGreaterThanOrEqual(count), {
        timeout: 20_000,
        interval: 5,
      }),
  };
}
