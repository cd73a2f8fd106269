import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { createClient } from '../support/servers/client.js';
import { aTask } from '../support/servers/fleet.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';
import { accept, type Receiver, startReceiver } from '../support/servers/webhook-receiver.js';

let database: TestDatabase;
let receiver: Receiver;
beforeAll(async () => {
  database = await createTestDatabase();
  receiver = await startReceiver();
});
afterAll(async () => {
  await receiver.close();
  await database.drop();
});

const env = { MC_WEBHOOK_ALLOW_PRIVATE: 'on' };

describe('a server that is killed while it delivers', () => {
  // The other process takes over when the lease of the killed one has ended, which takes six seconds.
  it('leaves the webhook to another one, which repeats one event at most and loses none', async () => {
    const first = await startServer({ databaseUrl: database.url, env });
    const client = createClient(first);
    const { createWebhook } = await client.ask<{
      createWebhook: { webhook: { id: string }; secret: string };
    }>(
      'mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { webhook { id } secret errors { code message } } }',
      { input: { url: `${receiver.url}?token=hunter2`, filter: { types: ['task.created'] } } },
    );
    const before = [await aTask(client), await aTask(client)];
    await receiver.has(2);

    // The receiver has the third event, and the server has not committed that.
    let killing: Promise<unknown> | undefined;
    receiver.reply = (received, response) => {
      killing ??= first.kill();
      void killing.then(() => accept(received, response));
    };
    const second = await startServer({ databaseUrl: database.url, env });
    const other = createClient(second);
    const after = [await aTask(other), await aTask(other), await aTask(other)];
    await receiver.has(3);
    await killing;
    receiver.reply = accept;
    await receiver.has(6);

    const told = receiver.received.map(({ body }) => body.task.id);
    const wanted = [...before, ...after].map(({ id }) => id);
    expect([...new Set(told)]).toEqual(wanted);
    expect(told.length - wanted.length).toBe(1);
    expect(receiver.ids().indexOf(receiver.ids()[3] ?? '')).toBe(2);
    expect(receiver.underWay.most).toBe(1);
    await expectSilence([first, second], createWebhook.secret);
    await second.stop();
  });
});

/** No server has written the secret, nor the part of the address that may be one. */
async function expectSilence(servers: readonly ServerProcess[], secret: string): Promise<void> {
  for (const server of servers) {
    const written = server.stdout() + server.stderr();
    expect(written).not.toContain(secret);
    expect(written).not.toContain('hunter2');
  }
  const { events } = await createClient(servers[1]!).ask<{ events: { nodes: object[] } }>(
    '{ events(last: 50) { nodes { __typename type ... on WebhookEvent { webhookId reason webhook { url filter lastError } } } } }',
  );
  expect(JSON.stringify(events)).not.toContain('hunter2');
  expect(JSON.stringify(events)).toContain('/hooks?…');
}
