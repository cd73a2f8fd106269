import pg from 'pg';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseEventId } from '../../src/domain/events/event-id.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { reportFigures } from '../support/runner/measurements.js';
import { createClient } from '../support/servers/client.js';
import { aTask } from '../support/servers/fleet.js';
import { readMemory } from '../support/servers/process-memory.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';
import { accept, type Receiver, startReceiver } from '../support/servers/webhook-receiver.js';

let database: TestDatabase;
let receiver: Receiver;
let log: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  log = new pg.Client({ connectionString: database.url });
  await log.connect();
  receiver = await startReceiver();
});
afterAll(async () => {
  await log.end();
  await receiver.close();
  await database.drop();
});

const env = { MC_WEBHOOK_ALLOW_PRIVATE: 'on' };

describe('a server that is killed while it delivers', () => {
  // The other process takes over when the lease of the killed one has ended, which takes six seconds.
  it('leaves the webhook to another one, which repeats one event at most and loses none', async () => {
    const keys = ['a-key-that-encrypts-secrets-of-webhooks', 'a-newer-key-that-encrypts-them-again'] as const;
    const first = await startServer({ databaseUrl: database.url, env: { ...env, MC_SECRET_KEY: keys[0] } });
    const client = createClient(first);
    const { createWebhook } = await client.ask<{
      createWebhook: { webhook: { id: string }; secret: string };
    }>(
      'mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { webhook { id } secret errors { code message } } }',
      { input: { url: `${receiver.url}?token=hunter2`, filter: { types: ['task.created'] } } },
    );
    const before = [await aTask(client), await aTask(client)];
    await receiver.has(2);

    // The receiver has the third event, and the server has not committed that. No other one could have sent it.
    let killing: Promise<unknown> | undefined;
    receiver.reply = (received, response) => {
      killing ??= first.kill();
      void killing.then(() => accept(received, response));
    };
    const stored = await readSecret();
    expect(stored).not.toContain(createWebhook.secret);
    const after = [await aTask(client)];
    await receiver.has(3);
    await killing;
    const both = [...keys].reverse().join();
    const second = await startServer({ databaseUrl: database.url, env: { ...env, MC_SECRET_KEY: both } });
    expect(await readSecret()).not.toBe(stored);
    const other = createClient(second);
    after.push(await aTask(other), await aTask(other));
    receiver.reply = accept;
    await receiver.has(6);

    const told = receiver.received.map(({ body }) => body.task.id);
    const wanted = [...before, ...after].map(({ id }) => id);
    expect([...new Set(told)]).toEqual(wanted);
    expect(told.length - wanted.length).toBe(1);
    expect(receiver.ids().indexOf(receiver.ids()[3] ?? '')).toBe(2);
    expect(receiver.underWay.most).toBe(1);
    const verifier = new Webhook(createWebhook.secret);
    for (const { text, headers } of receiver.received)
      verifier.verify(text, headers as Record<string, string>);
    await expectSilence([first, second], [createWebhook.secret, ...keys]);
    await second.stop();
  });
});

/** Events that pass while a receiver is away: `WEBHOOK_EVENTS=100000` for the whole length. */
const MANY = Number(process.env.WEBHOOK_EVENTS ?? 1_000);

/** What may be appended at once, and has to arrive within the time limit of a wait. */
const STEP = 500;

describe('a webhook whose receiver is away', () => {
  it(
    `while ${MANY} events pass gets them all afterwards, once each, in order, and the server keeps its memory`,
    async () => {
      const server = await startServer({ databaseUrl: database.url, env });
      const client = createClient(server);
      const away = await startReceiver((_received, response) => response.writeHead(503).end('starting'));
      const { createWebhook } = await client.ask<{ createWebhook: { webhook: { id: string } } }>(
        'mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { webhook { id } errors { code message } } }',
        { input: { url: away.url, filter: { types: ['scheduler'] } } },
      );
      const { id } = createWebhook.webhook;
      await appendEvents(-1, 1);
      await away.has(1);
      for (let at = 0; at < MANY; at += STEP) await appendEvents(at, Math.min(STEP, MANY - at));
      await untilReadable();
      away.reply = accept;
      const beganAt = performance.now();
      await client.ask('mutation ($id: ID!) { resumeWebhook(id: $id) { errors { code message } } }', { id });
      const memory: number[] = [];
      for (let at = STEP; at <= MANY; at += STEP) {
        await away.has(at);
        memory.push((await readMemory(server.pid)) / 1e6);
      }
      await expect.poll(() => away.received.at(-1)?.body.payload.message).toBe(`event ${MANY}`);
      const perSecond = (MANY * 1_000) / (performance.now() - beganAt);
      const numbers = [...new Set(away.ids())].map((each) => parseEventId(each) ?? 0);
      expect(numbers).toHaveLength(MANY + 1);
      expect(numbers.every((number, index) => number > (numbers[index - 1] ?? 0))).toBe(true);
      // Only the event that failed came more than once.
      const [first] = away.ids();
      expect(away.ids().filter((each) => each !== first)).toHaveLength(MANY);
      expect(away.underWay.most).toBe(1);
      // The memory after a collection is the least of a while. A leak raises it.
      const half = memory.length / 2;
      const floors = [memory.slice(0, half), memory.slice(half)].map((part) => Math.min(...part));
      const [early = 0, late = 0] = floors;
      reportFigures(
        `${MANY} events after their receiver was away`,
        `${perSecond.toFixed(0)} events/s, the server has at least ${early.toFixed(0)}, then ${late.toFixed(0)} MB`,
      );
      expect(late - early).toBeLessThan(50);
      await server.stop();
      await away.close();
    },
    60_000 + MANY * 60,
  );
});

/** The secret as it is stored. */
async function readSecret(): Promise<string> {
  const { rows } = await log.query<{ secret: string }>('SELECT secret FROM webhooks');
  return rows[0]?.secret ?? '';
}

/** Appends events about no object. A server numbers them at its next poll. */
async function appendEvents(after: number, count: number): Promise<void> {
  await log.query(
    `INSERT INTO event_outbox (type, payload) SELECT 'scheduler.paused', jsonb_build_object('job', 'x', 'message', 'event ' || $1 + i)
      FROM generate_series(1, $2::int) i`,
    [after, count],
  );
}

/** Waits until all events have a position, for as long as some get one. */
async function untilReadable(): Promise<void> {
  const countWaiting = async () =>
    (await log.query<{ count: number }>('SELECT count(*)::int FROM event_outbox')).rows[0]?.count ?? 0;
  for (let waiting = await countWaiting(); waiting > 0; waiting = await countWaiting())
    await expect.poll(countWaiting, { timeout: 60_000 }).toBeLessThan(waiting);
}

/** No server has written the secret, nor the part of the address that may be one. */
async function expectSilence(servers: readonly ServerProcess[], secrets: readonly string[]): Promise<void> {
  for (const server of servers) {
    const written = server.stdout() + server.stderr();
    for (const secret of secrets) expect(written).not.toContain(secret);
    expect(written).not.toContain('hunter2');
  }
  const { events } = await createClient(servers[1]!).ask<{ events: { nodes: object[] } }>(
    '{ events(last: 50) { nodes { __typename type ... on WebhookEvent { webhookId reason webhook { url filter lastError } } } } }',
  );
  expect(JSON.stringify(events)).not.toContain('hunter2');
  expect(JSON.stringify(events)).toContain('/hooks?…');
}
