import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import {
  type Client,
  type ClientOptions,
  type LogEvent,
  type StreamNotice,
  UnauthenticatedError,
} from '../../src/sdk/index.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { runSql } from '../support/postgres/throw-away-postgres.js';
import { sdkClient } from '../support/servers/sdk-client.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';
import { openTcpLink } from '../support/wires/tcp-link.js';

let database: TestDatabase;
let server: ServerProcess;
let admin: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startServer({ databaseUrl: database.url });
  admin = sdkClient(server);
});

afterAll(async () => {
  await server.stop();
  await database.drop();
});

type Item = LogEvent | StreamNotice;

interface Followed {
  readonly items: Item[];
  readonly titles: () => string[];
  readonly notices: () => string[];
  /** Resolves with what the stream threw. */
  readonly ended: Promise<unknown>;
}

/** Follows the events of tasks until the end of the test. */
function follow(client: Client, after?: string): Followed {
  const items: Item[] = [];
  const controller = new AbortController();
  onTestFinished(() => controller.abort());
  const filter = { types: ['task.created'] };
  const read = async () => {
    for await (const item of client.followEvents({ after, filter, signal: controller.signal }))
      items.push(item);
  };
  const ended = read().catch((error: unknown) => error);
  const isNotice = (item: Item): item is StreamNotice => item.type.startsWith('stream.');
  return {
    items,
    titles: () => items.flatMap((item) => ('task' in item ? [item.task?.title ?? ''] : [])),
    notices: () => items.filter(isNotice).map(({ type }) => type),
    ended,
  };
}

async function untilConnected({ notices }: Followed, times = 1): Promise<void> {
  await vi.waitFor(
    () =>
      expect(notices().filter((type) => type === 'stream.connected').length).toBeGreaterThanOrEqual(times),
    30_000,
  );
}

/** Creates tasks, one request each, and answers with their titles. */
async function createTitled(prefix: string, count: number): Promise<string[]> {
  const titles = Array.from({ length: count }, (_, index) => `${prefix} ${index}`);
  for (const title of titles) await admin.createTask({ title });
  return titles;
}

async function restartServer(): Promise<void> {
  const { port } = new URL(server.url);
  await server.kill();
  server = await startServer({ databaseUrl: database.url, env: { MC_PORT: port } });
}

/** The counted class of WebSockets. */
function countingSockets() {
  let opened = 0;
  class Counted extends WebSocket {
    constructor(url: string, protocols?: string | string[]) {
      super(url, protocols);
      opened += 1;
    }
  }
  return { Counted, opened: () => opened };
}

const transports: readonly [string, Partial<ClientOptions>][] = [
  ['a WebSocket', { WebSocket }],
  ['server-sent events', {}],
];

describe.each(transports)('events over %s', (_name, options) => {
  it('come once and in order, without a gap, although the server is killed and restarted', async () => {
    const followed = follow(sdkClient(server, options));
    await untilConnected(followed);
    const titles = await createTitled('before', 3);
    await vi.waitFor(() => expect(followed.titles()).toEqual(titles), 20_000);
    await restartServer();
    titles.push(...(await createTitled('after', 3)));
    await vi.waitFor(() => expect(followed.titles()).toEqual(titles), 30_000);
    expect(followed.notices()).toContain('stream.interrupted');
    expect(followed.notices().at(-1)).toBe('stream.connected');
  });

  it('report a cursor whose events were pruned, and go on from now', async () => {
    await createTitled('old', 1);
    const { nodes } = await admin.events({ first: 1 });
    await createTitled('pruned', 2);
    await runSql(database.url, "UPDATE events SET at = at - interval '60 days'");
    await admin.runSchedulerJob({ name: 'pruneEvents' });
    const followed = follow(sdkClient(server, options), nodes[0]!.cursor);
    await untilConnected(followed);
    expect(followed.notices()).toEqual(['stream.cursor_expired', 'stream.connected']);
    const titles = await createTitled('new', 1);
    await vi.waitFor(() => expect(followed.titles()).toEqual(titles), 20_000);
  });

  it('end with the error when the key is revoked or not valid', async () => {
    const { apiKey, secret } = await admin.createApiKey({ name: 'short', role: 'VIEWER' });
    const followed = follow(sdkClient(server, { ...options, apiKey: secret }));
    await untilConnected(followed);
    await admin.revokeApiKey({ id: apiKey.id });
    expect(await followed.ended).toBeInstanceOf(UnauthenticatedError);
    const stranger = follow(sdkClient(server, { ...options, apiKey: 'mc_wrong' }));
    expect(await stranger.ended).toBeInstanceOf(UnauthenticatedError);
  });

  it('are left with break, and the connection is closed', async () => {
    const link = await openTcpLink(() => server.url);
    const client = sdkClient({ ...server, url: link.url }, options);
    for await (const notice of client.followEvents()) {
      expect(notice.type).toBe('stream.connected');
      break;
    }
    await vi.waitFor(() => expect(link.open()).toBe(0), 20_000);
  });
});

describe('events over a connection that became half-open', () => {
  it('go on within 15 seconds over another one, with a WebSocket as with server-sent events', async () => {
    const link = await openTcpLink(() => server.url);
    const linked = { ...server, url: link.url };
    const streams = transports.map(([, options]) => follow(sdkClient(linked, options)));
    await Promise.all(streams.map((followed) => untilConnected(followed)));
    link.freeze();
    link.thaw();
    const frozenAt = performance.now();
    const titles = await createTitled('missed', 3);
    const resumed = streams.map(async (followed) => {
      await vi.waitFor(() => expect(followed.notices()).toContain('stream.interrupted'), 20_000);
      expect(performance.now() - frozenAt).toBeLessThan(15_500);
      await vi.waitFor(() => expect(followed.titles()).toEqual(titles), 20_000);
    });
    await Promise.all(resumed);
  });
});

describe('the subscriptions of one client', () => {
  it('share one WebSocket', async () => {
    const { Counted, opened } = countingSockets();
    const client = sdkClient(server, { WebSocket: Counted });
    const [one, other] = [follow(client), follow(client)];
    const overview = client.followOverview();
    onTestFinished(() => void overview.return());
    expect((await overview.next()).value).toHaveProperty('agentsOnline', 0);
    await untilConnected(one);
    await untilConnected(other);
    const titles = await createTitled('shared', 2);
    await vi.waitFor(() => expect([one.titles(), other.titles()]).toEqual([titles, titles]), 20_000);
    expect(opened()).toBe(1);
  });

  it('show one task at once and after each change', async () => {
    const { task } = await admin.createTask({ title: 'Watched' });
    const states = sdkClient(server, { WebSocket }).followTask({ ref: { id: task.id } });
    onTestFinished(() => void states.return());
    expect((await states.next()).value).toMatchObject({ status: 'INBOX' });
    await admin.cancelTask({ task: { id: task.id } });
    expect((await states.next()).value).toMatchObject({ status: 'CANCELLED' });
  });
});
