import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { aTask } from '../../support/factories/factory.js';
import { goodKey } from '../../support/servers/test-server.js';
import { type EventServer, openEventServer } from '../sse/event-server.js';

let live: EventServer;

beforeAll(async () => {
  live = await openEventServer();
});

afterAll(() => live.close());

const query = `subscription ($after: Cursor) {
  events(after: $after, startCursor: true, filter: { types: ["task.created"] }) {
    cursor type ... on TaskEvent { task { id } }
  }
}`;

interface Item {
  readonly cursor: string;
  readonly type: string;
  readonly task?: { readonly id: string };
}

describe('a client of graphql-ws', () => {
  it('resumes after a restart where it stopped, also without an event, by the lines of docs/events.md', async () => {
    const first = await live.start(15_000);
    const { port, url } = first.server.address();
    const client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { Authorization: `Bearer ${goodKey}` },
      retryAttempts: Infinity,
      shouldRetry: () => true,
      retryWait: () => new Promise((resolve) => setImmediate(resolve)),
    });
    const items: Item[] = [];
    const failures: unknown[] = [];
    const variables: { after?: string } = {};
    client.subscribe<{ events: Item }>(
      { query, variables },
      {
        next({ data }) {
          if (!data) return;
          variables.after = data.events.cursor;
          items.push(data.events);
        },
        error: (error) => failures.push(error),
        complete: () => failures.push('complete'),
      },
    );
    await expect.poll(() => items.map(({ type }) => type)).toEqual(['stream.started']);
    await first.stop();
    const { id } = await aTask(live.graph.services);
    const second = await live.start(15_000, port);
    await expect.poll(() => items.at(-1)?.task?.id, { timeout: 20_000 }).toBe(id);
    expect(items.map(({ type }) => type)).toEqual(['stream.started', 'stream.started', 'task.created']);
    expect(failures).toEqual([]);
    await client.dispose();
    await second.stop();
  });
});
