import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { runSql } from '../support/postgres/throw-away-postgres.js';
import { bearer, type Client, createClient } from '../support/servers/client.js';
import { anAgent, aTask } from '../support/servers/fleet.js';
import { createJumpingClock, type JumpingClock } from '../support/servers/jumping-clock.js';
import {
  adminSecret,
  createServerFolder,
  type ServerProcess,
  startServer,
} from '../support/servers/server-process.js';
import { startReceiver } from '../support/servers/webhook-receiver.js';
import { untilLive, watchOverSse, watchOverWebSocket } from '../support/wires/event-streams.js';
import { readPlainEvents } from '../support/wires/plain-events.js';

const HOUR_MS = 3_600_000;

let database: TestDatabase;
let clock: JumpingClock;
let server: ServerProcess;
let admin: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  clock = await createJumpingClock(await createServerFolder());
  const env = { ...clock.env, MC_JOB_INTERVAL: '100ms', MC_WEBHOOK_ALLOW_PRIVATE: 'on' };
  server = await startServer({ databaseUrl: database.url, env });
  admin = createClient(() => server.url, adminSecret);
});
afterAll(async () => {
  await server.kill();
  await database.drop();
});

describe.each([
  ['forward', HOUR_MS],
  ['back', -HOUR_MS],
])('a server whose time of day jumps an hour %s', (direction, jumpMs) => {
  it('answers a long poll after its time, neither earlier nor later', async () => {
    await clock.jumpTo(0);
    const agent = await anAgent(admin, `poller-${direction}`, 1);
    const startedAtMs = performance.now();
    const answer = agent.client.ask<{ claimNextTask: { reason: string } }>(
      'mutation { claimNextTask(input: { waitSeconds: 3, tags: ["none"] }) { reason } }',
    );
    await vi.waitFor(async () => {
      const [row] = await runSql(
        database.url,
        `SELECT last_seen_at IS NOT NULL AS seen FROM agents WHERE id = '${agent.id}'`,
      );
      expect(row?.seen).toBe(true);
    }, 20_000);
    await clock.jumpTo(jumpMs);
    expect((await answer).claimNextTask.reason).toBe('NO_TASKS_AVAILABLE');
    const tookMs = performance.now() - startedAtMs;
    expect(tookMs).toBeGreaterThan(2_900);
    expect(tookMs).toBeLessThan(15_000);
  }, 60_000);

  it('lets a key expire at its time, neither earlier nor later', async () => {
    await clock.jumpTo(0);
    const { createApiKey } = await admin.ask<{
      createApiKey: { apiKey: { id: string }; secret: string };
    }>(
      'mutation ($at: DateTime!) { createApiKey(input: { name: "short", role: VIEWER, expiresAt: $at }) { apiKey { id } secret } }',
      { at: new Date(Date.now() + 600_000).toISOString() },
    );
    const { secret, apiKey } = createApiKey;
    const status = async () =>
      (await createClient(() => server.url, secret).send('{ viewer { id } }')).status;
    await clock.jumpTo(jumpMs);
    expect(await status()).not.toBe(401);
    await runSql(
      database.url,
      `UPDATE api_keys SET expires_at = clock_timestamp() + interval '1 s' WHERE id = '${apiKey.id}'`,
    );
    await vi.waitFor(async () => expect(await status()).toBe(401), { timeout: 15_000, interval: 100 });
  }, 60_000);

  it('issues tickets that open streams, and delivers on every kind of stream', async () => {
    await clock.jumpTo(0);
    const buy = async (): Promise<{ ticket: string; expiresAt: string }> =>
      (
        await fetch(`${server.url}/api/events/tickets`, { method: 'POST', headers: bearer(adminSecret) })
      ).json();
    const early = await buy();
    const streams = [watchOverWebSocket(admin), watchOverSse(admin)];
    await untilLive(admin, streams);
    for (const { events } of streams) events.length = 0;
    await clock.jumpTo(jumpMs);
    const late = await buy();
    expect(Math.abs(Date.parse(late.expiresAt) - Date.now() - 60_000)).toBeLessThan(20_000);
    const plain = await Promise.all(
      [early, late].map(({ ticket }) => readPlainEvents(server.url, { query: `?ticket=${ticket}` })),
    );
    await aTask(admin);
    for (const { events } of streams) await vi.waitFor(() => expect(events).not.toEqual([]), 20_000);
    for (const { blocks } of plain)
      await vi.waitFor(() => expect(blocks.map(({ event }) => event)).toContain('task.created'), 20_000);
    for (const stream of [...streams, ...plain]) stream.close();
  }, 60_000);

  it('begins streams with the time that events have', async () => {
    await clock.jumpTo(jumpMs);
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { ...bearer(adminSecret), 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription { events(startCursor: true) { type at } }' }),
    });
    let text = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.includes('"at"')) break;
    }
    const [, at = ''] = /"type":"stream.started","at":"([^"]+)"/.exec(text) ?? [];
    expect(Math.abs(Date.parse(at) - Date.now())).toBeLessThan(20_000);
  }, 60_000);

  it('signs webhooks with the right time, because receivers refuse others', async () => {
    await clock.jumpTo(jumpMs);
    const receiver = await startReceiver();
    onTestFinished(() => receiver.close());
    const { createWebhook } = await admin.ask<{ createWebhook: { webhook: { id: string } } }>(
      `mutation ($url: String!) { createWebhook(input: { url: $url, filter: { types: ["task.created"] } }) {
        webhook { id } errors { message }
      } }`,
      { url: receiver.url },
    );
    const { id } = createWebhook.webhook;
    await admin.ask('mutation ($id: ID!) { pingWebhook(id: $id) { status } }', { id });
    await aTask(admin);
    await receiver.has(2);
    const offsets = receiver.received.map(
      ({ headers }) => Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1_000) < 60,
    );
    expect(offsets).toEqual([true, true]);
    await admin.ask('mutation ($id: ID!) { pauseWebhook(id: $id) { errors { message } } }', { id });
  }, 60_000);

  it('fires a due time once', async () => {
    await clock.jumpTo(0);
    const { createRecurringTask } = await admin.ask<{
      createRecurringTask: { recurringTask: { id: string } };
    }>(
      `mutation { createRecurringTask(input: {
        name: "Jumps ${direction}", schedule: "every minute", template: { title: "Minutely" }
      }) { recurringTask { id } errors { message } } }`,
    );
    const { id } = createRecurringTask.recurringTask;
    // The minutes that have begun since the creation, and the tasks that were made for them.
    const read = async () => {
      const [row] = await runSql(
        database.url,
        `SELECT (SELECT count(*)::int FROM tasks WHERE recurring_task_id = r.id) AS made,
          (SELECT count(*)::int FROM generate_series(date_trunc('minute', r.created_at) + interval '1 minute', now(), '1 minute')) AS due
        FROM recurring_tasks r WHERE id = '${id}'`,
      );
      return row;
    };
    // A server that followed its own time of day would fire sixty times now, or wait for an hour.
    await clock.jumpTo(jumpMs);
    await runSql(
      database.url,
      `UPDATE recurring_tasks SET next_due_at = date_trunc('minute', now()),
        created_at = date_trunc('minute', now()) - interval '1 s' WHERE id = '${id}'`,
    );
    await vi.waitFor(async () => expect((await read())?.made).toBe(1), {
      timeout: 20_000,
      interval: 50,
    });
    await clock.jumpTo(-jumpMs);
    for (let run = 0; run < 3; run += 1)
      await admin.ask('mutation { runSchedulerJob(name: "spawnRecurringTasks") { errors { code } } }');
    await vi.waitFor(async () => {
      const counted = await read();
      expect(counted?.made).toBe(counted?.due);
    }, 20_000);
  }, 60_000);
});
