import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { revokeApiKey } from '../../../src/services/keys/api-keys.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import { updateTask } from '../../../src/services/tasks/update-task.js';
import { anAgent, aTask, aTaskIn } from '../../support/factories/factory.js';
import { accept } from '../../support/servers/webhook-receiver.js';
import { useWebhooks, type WebhookCalls } from './use-webhooks.js';

let calls: WebhookCalls;
useWebhooks((opened) => {
  calls = opened;
});

describe('a webhook', () => {
  it('gets the plain events of its filter in the order of the log, signed, with the id of the event', async () => {
    const receiver = await calls.aReceiver();
    const { id, secret } = await calls.create({ url: receiver.url, filter: { types: ['task'] } });
    const task = await aTask(calls.here.services, { title: 'First' });
    await anAgent(calls.there.services);
    await updateTask(calls.there.services, calls.there.services.admin, {
      task: { id: task.id },
      title: 'Second',
    });
    await cancelTask(calls.here.services, calls.here.services.admin, { task: { id: task.id } });
    await receiver.has(3);
    const [created, updated, cancelled] = receiver.received;
    expect(receiver.received.map(({ body }) => body.type)).toEqual([
      'task.created',
      'task.updated',
      'task.cancelled',
    ]);
    expect(created?.body).toMatchObject({
      task: { id: task.id },
      actor: { displayName: expect.any(String) },
    });
    for (const each of [created!, updated!, cancelled!]) {
      expect(each.id).toBe(each.body.id);
      expect(each.headers['content-type']).toBe('application/json');
      const verified = new Webhook(secret).verify(each.text, each.headers as Record<string, string>);
      expect(verified).toEqual(each.body);
    }
    await expect.poll(async () => (await calls.read(id)).deliveries.nodes.length).toBe(3);
    const after = await calls.read(id);
    expect(after).toMatchObject({ failures: 0, lastStatus: 204, lastError: null, paused: false });
    expect(after.deliveries.nodes[0]).toMatchObject({
      eventId: cancelled?.id,
      attempt: 1,
      status: 204,
      error: null,
      durationMs: expect.any(Number),
    });
    await expect.poll(async () => (await calls.read(id)).lagging).toBe(0);
  });

  it('with a document gets what it selects from each event', async () => {
    const receiver = await calls.aReceiver();
    const document =
      'subscription { events { type ... on TaskStatusChangedEvent { from to task { title assignee { name } } } } }';
    await calls.create({ url: receiver.url, filter: { types: ['task.failed'] }, document });
    const agent = await anAgent(calls.here.services);
    await aTaskIn(calls.here.services, 'FAILED', agent);
    await receiver.has(1);
    expect(receiver.received[0]?.body).toEqual({
      data: {
        events: {
          type: 'task.failed',
          from: 'IN_PROGRESS',
          to: 'FAILED',
          task: { title: expect.any(String), assignee: { name: agent.name } },
        },
      },
    });
  });

  it('with the format SLACK gets a line for people with a link, in which the text of an agent is no markup', async () => {
    const receiver = await calls.aReceiver();
    const webhook = await calls.create({
      url: `${receiver.url}/T0/secret-path`,
      filter: { types: ['task.cancelled'] },
      format: 'SLACK',
    });
    const task = await aTask(calls.here.services);
    await cancelTask(calls.here.services, calls.here.services.admin, {
      task: { id: task.id },
      reason: 'No <!channel> & no <https://evil.example|link>',
    });
    await receiver.has(1);
    const ref = `TASK-${task.number}`;
    expect(receiver.received[0]?.body).toEqual({
      text: `<https://tasks.example/tasks/${ref}|${ref}>: An operator cancelled the task. · INBOX → CANCELLED · No &lt;!channel&gt; &amp; no &lt;https://evil.example|link&gt; · by admin`,
    });
    // The address of a chat is a credential.
    expect(webhook.url).toBe(`${new URL(receiver.url).origin}/…`);
  });

  it('gets only what its creator may see, and is paused when the key of its creator is revoked', async () => {
    const receiver = await calls.aReceiver();
    await calls.here.services.sql(
      "INSERT INTO api_keys (id, name, prefix, hash, role) VALUES ('key_operator', 'operator', 'mc_', decode(md5('x'), 'hex'), 'OPERATOR')",
    );
    const operator: Viewer = { keyId: 'key_operator', role: 'OPERATOR', agentId: null };
    const hidden = await calls.here.ask(
      'mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { secret } }',
      { input: { url: receiver.url, filter: { types: ['key'] } } },
      operator,
    );
    expect(hidden.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    const { id } = await calls.create({ url: receiver.url }, operator);
    await calls.here.services.sql(
      "INSERT INTO event_outbox (type, key_id) VALUES ('key.created', 'key_operator')",
    );
    await aTask(calls.here.services);
    await receiver.has(2);
    expect(receiver.received.map(({ body }) => body.type)).not.toContain('key.created');
    await revokeApiKey(calls.here.services, calls.here.services.admin, operator.keyId);
    await aTask(calls.here.services);
    await expect
      .poll(async () => (await calls.read(id)).pauseReason)
      .toBe('The key that made it was revoked or has expired.');
    const types = receiver.received.map(({ body }) => body.type);
    expect(types).toEqual(['webhook.created', 'task.created']);
    const items = await calls.here.get(
      '{ needsAttention(kinds: [WEBHOOK]) { nodes { severity text webhook { id } } } }',
    );
    expect(items.needsAttention.nodes).toEqual([
      {
        severity: 'CRITICAL',
        text: `The webhook to ${new URL(receiver.url).host} was paused: The key that made it was revoked or has expired.`,
        webhook: { id },
      },
    ]);
  });

  it('is not delayed by another one whose receiver hangs', async () => {
    const slow = await calls.aReceiver(() => undefined);
    const quick = await calls.aReceiver();
    await calls.create({ url: slow.url, filter: { types: ['task'] } });
    await calls.create({ url: quick.url, filter: { types: ['task'] } });
    const task = await aTask(calls.here.services);
    await cancelTask(calls.here.services, calls.here.services.admin, { task: { id: task.id } });
    await quick.has(2);
    expect(slow.received.length).toBeLessThanOrEqual(1);
  });

  it('gets nothing while it is paused, goes on where it stood, and gets events again on a replay', async () => {
    const receiver = await calls.aReceiver();
    const { id } = await calls.create({ url: receiver.url, filter: { types: ['task.created'] } });
    await aTask(calls.here.services);
    await receiver.has(1);
    expect(await calls.run('pauseWebhook', id)).toMatchObject({ paused: true, pauseReason: null });
    await aTask(calls.here.services);
    const since = (await calls.here.services.sql<{ at: Date }>('SELECT clock_timestamp() AS at'))[0]!.at;
    await aTask(calls.here.services);
    await calls.run('resumeWebhook', id);
    await receiver.has(3);
    const all = receiver.ids();
    const replay = (input: object) =>
      calls.here.get(
        'mutation ($input: ReplayWebhookInput!) { replayWebhook(input: $input) { webhook { lagging } errors { code path } } }',
        { input: { id, ...input } },
      );
    await replay({ since: since.toISOString() });
    await receiver.has(4);
    expect(receiver.ids()).toEqual([...all, all[2]]);
    const { events } = await calls.here.get('{ events(last: 100) { nodes { id cursor } } }');
    const { cursor } = events.nodes.find((each: { id: string }) => each.id === all[0]);
    await replay({ after: cursor });
    await receiver.has(6);
    expect(receiver.ids()).toEqual([...all, all[2], all[1], all[2]]);
    for (const wrong of [{}, { after: cursor, since: since.toISOString() }])
      expect((await replay(wrong)).replayWebhook.errors).toMatchObject([{ code: 'INVALID' }]);
  });

  it('is signed with both secrets for a day after its secret was replaced', async () => {
    const receiver = await calls.aReceiver();
    const { id, secret } = await calls.create({ url: receiver.url, filter: { types: ['task.created'] } });
    const { rotateWebhookSecret } = await calls.here.get(
      'mutation ($id: ID!) { rotateWebhookSecret(id: $id) { webhook { id } secret errors { code } } }',
      { id },
    );
    await aTask(calls.here.services);
    await receiver.has(1);
    await calls.here.services.sql(
      "UPDATE webhooks SET previous_secret_until = now() - interval '1 s', version = version + 1",
    );
    await aTask(calls.here.services);
    await receiver.has(2);
    const [both, one] = receiver.received;
    const check = (key: string, each = both!) =>
      new Webhook(key).verify(each.text, each.headers as Record<string, string>);
    expect(check(secret)).toEqual(check(rotateWebhookSecret.secret));
    expect(check(rotateWebhookSecret.secret, one)).toEqual(one?.body);
    expect(() => check(secret, one)).toThrow('No matching signature');
  });

  it('is held by one of the processes at a time', async () => {
    // Each request ends after a while, so that two at once would be seen.
    const receiver = await calls.aReceiver(
      (_received, response) => void setImmediate(() => accept(_received, response)),
    );
    const { id } = await calls.create({ url: receiver.url, filter: { types: ['scheduler'] } });
    for (let i = 0; i < 20; i += 1) await calls.appendEvents(2);
    await receiver.has(40);
    expect(receiver.underWay.most).toBe(1);
    expect(new Set(receiver.ids()).size).toBe(40);
    await calls.here.get('mutation ($id: ID!) { removeWebhook(id: $id) { deletedId } }', { id });
    await calls.appendEvents(1);
    expect(await calls.read(id)).toBeNull();
    expect(receiver.received).toHaveLength(40);
  });

  it('answers a ping, also while it is paused', async () => {
    const receiver = await calls.aReceiver((_received, response) =>
      response.writeHead(200).end('pong'.repeat(1_000)),
    );
    const { id, secret } = await calls.create({ url: receiver.url, filter: { types: ['task'] } });
    await calls.run('pauseWebhook', id);
    const { pingWebhook } = await calls.here.get(
      'mutation ($id: ID!) { pingWebhook(id: $id) { webhook { id } status durationMs error answer errors { code } } }',
      { id },
    );
    expect(pingWebhook).toEqual({
      webhook: { id },
      status: 200,
      durationMs: expect.any(Number),
      error: null,
      answer: 'pong'.repeat(128),
      errors: [],
    });
    const [ping] = receiver.received;
    expect(new Webhook(secret).verify(ping!.text, ping!.headers as Record<string, string>)).toMatchObject({
      type: 'webhook.ping',
      webhookId: id,
    });
  });
});
