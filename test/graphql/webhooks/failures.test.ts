import { describe, expect, it } from 'vitest';
import { aTask } from '../../support/factories/factory.js';
import { accept } from '../../support/servers/webhook-receiver.js';
import { useWebhooks, type WebhookCalls } from './use-webhooks.js';

let calls: WebhookCalls;
useWebhooks((opened) => {
  calls = opened;
});

describe('a webhook', () => {
  it('that fails is an attention item after three failures, and no more once it delivers', async () => {
    const receiver = await calls.aReceiver((_received, response) => response.writeHead(500).end('starting'));
    const { id } = await calls.create({ url: receiver.url, filter: { types: ['task.created'] } });
    await aTask(calls.here.services);
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      await expect.poll(async () => (await calls.read(id)).failures, { timeout: 30_000 }).toBe(attempt);
      // After the last one, an attempt that is under way would begin another backoff.
      if (attempt < 3) await calls.endBackoff();
    }
    expect((await calls.read(id)).deliveries.nodes[0]).toMatchObject({
      ...{ attempt: 3, status: 500, error: 'Answered with 500.', answer: 'starting' },
    });
    const list = async () =>
      (await calls.here.get('{ needsAttention(kinds: [WEBHOOK]) { nodes { severity text } } }'))
        .needsAttention.nodes;
    const { host } = new URL(receiver.url);
    expect(await list()).toEqual([
      { severity: 'WARNING', text: `The webhook to ${host} fails and is retried: Answered with 500.` },
    ]);
    receiver.reply = accept;
    await calls.endBackoff();
    await expect.poll(list, { timeout: 30_000 }).toEqual([]);
    const told = await calls.here.services.sql(
      "SELECT type FROM events WHERE type IN ('webhook.failing', 'webhook.recovered') ORDER BY id",
    );
    expect(told.map(({ type }) => type)).toEqual(['webhook.failing', 'webhook.recovered']);
  });

  it.each([
    [
      'has failed for a day',
      500,
      "UPDATE webhooks SET failures = 9, failing_since = now() - interval '25 hours'",
      /^It has failed for a day\. Answered with 500\.$/,
    ],
    ['says that it is gone', 410, 'SELECT 1', /gone \(410\)/],
  ])('whose receiver %s is paused', async (_, status, before, reason) => {
    const receiver = await calls.aReceiver((_received, response) => response.writeHead(status).end());
    const { id } = await calls.create({ url: receiver.url, filter: { types: ['task.created'] } });
    await calls.here.services.sql(before);
    await aTask(calls.here.services);
    await expect.poll(async () => (await calls.read(id)).pauseReason ?? '').toMatch(reason);
    expect(receiver.received).toHaveLength(1);
    receiver.reply = accept;
    await calls.run('resumeWebhook', id);
    await receiver.has(2);
    expect(new Set(receiver.ids()).size).toBe(1);
  });

  it.each([
    ['as long as the receiver asks for', '600', 600, 600],
    ['at most an hour if the receiver asks for more', '999999', 3_600, 3_600],
    ['at least its own backoff', '0', 2.5, 5],
  ])('that fails waits %s', async (_, retryAfter, least, most) => {
    const receiver = await calls.aReceiver((_received, response) =>
      response.writeHead(503, { 'retry-after': retryAfter }).end(),
    );
    const { id } = await calls.create({ url: receiver.url, filter: { types: ['task.created'] } });
    await aTask(calls.here.services);
    await expect.poll(async () => (await calls.read(id)).failures).toBe(1);
    const [wait] = await calls.here.services.sql(
      `SELECT extract(epoch FROM w.retry_at - d.at)::float8 AS seconds
        FROM webhooks w JOIN webhook_deliveries d ON d.webhook_id = w.id`,
    );
    // The database keeps milliseconds.
    expect(wait?.seconds).toBeGreaterThan(least - 0.01);
    expect(wait?.seconds).toBeLessThan(most + 0.01);
  });

  it('whose events were pruned before they were delivered is paused, and goes on with the rest', async () => {
    const receiver = await calls.aReceiver((_received, response) => response.writeHead(503).end());
    const { id } = await calls.create({ url: receiver.url, filter: { types: ['task.created'] } });
    await aTask(calls.here.services);
    await expect.poll(async () => (await calls.read(id)).failures).toBe(1);
    await calls.here.settled();
    await calls.here.services.sql(
      'WITH gone AS (DELETE FROM events RETURNING id) UPDATE event_horizon SET position = (SELECT max(id) FROM gone)',
    );
    receiver.reply = accept;
    await calls.endBackoff();
    await expect.poll(async () => (await calls.read(id)).pauseReason ?? '').toMatch(/^Events were pruned/);
    const task = await aTask(calls.here.services);
    await calls.run('resumeWebhook', id);
    await receiver.has(2);
    expect(receiver.received.at(-1)?.body).toMatchObject({ type: 'task.created', task: { id: task.id } });
  });
});
