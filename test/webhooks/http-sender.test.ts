import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, it } from 'vitest';
import { newSigningSecret } from '../../src/kernel/ids.js';
import { Secret } from '../../src/kernel/secret.js';
import {
  createWebhookSender,
  type WebhookSender,
  type WebhookSenderOptions,
} from '../../src/webhooks/http-sender.js';
import { createPublicLookup } from '../../src/webhooks/public-address.js';
import { accept, type Receiver, type Reply, startReceiver } from '../support/servers/webhook-receiver.js';

const senders: WebhookSender[] = [];
const receivers: Receiver[] = [];
afterEach(async () => {
  await Promise.all(senders.splice(0).map((sender) => sender.close()));
  await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
});

function aSender(options: Partial<WebhookSenderOptions> = {}): WebhookSender {
  const sender = createWebhookSender({ allowPrivate: false, ...options });
  senders.push(sender);
  return sender;
}

async function aReceiver(reply: Reply = accept): Promise<Receiver> {
  const receiver = await startReceiver(reply);
  receivers.push(receiver);
  return receiver;
}

const send = (sender: WebhookSender, url: string, secrets = [newSigningSecret()]) =>
  sender.send({
    ...{ webhookId: 'whk_1', url, id: 'evt_1', atMs: 1_000_000, secrets, body: '{}' },
    signal: new AbortController().signal,
  });

/** Addresses of this machine and of private networks, in every way to write them. */
const INSIDE = [
  'http://127.0.0.1/',
  'http://127.1/',
  'http://2130706433/',
  'http://0x7f000001/',
  'http://0177.0.0.1/',
  'http://0.0.0.0/',
  'http://0/',
  'http://[::1]/',
  'http://[::]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:7f00:1]/',
  'http://[::127.0.0.1]/',
  'http://[::2]/',
  'http://[64:ff9b::7f00:1]/',
  'http://[fd00::1]/',
  'http://[fe80::1]/',
  'http://10.0.0.1/',
  'http://172.16.0.1/',
  'http://192.168.1.1/',
  'http://100.64.0.1/',
  'http://169.254.169.254/latest/meta-data/',
  'http://224.0.0.1/',
  'http://255.255.255.255/',
];

describe('an address of a webhook', () => {
  it.each(INSIDE)('%s is refused when it is made, and at delivery', async (url) => {
    const sender = aSender();
    expect(await sender.refusal(url)).toMatch(
      /^must be a public address, unless the server has MC_WEBHOOK_ALLOW_PRIVATE=on: /,
    );
    expect(await send(sender, url)).toEqual({
      status: null,
      error: expect.stringMatching(/is not a public address\.$/),
      answer: null,
      retryAfterMs: null,
    });
  });

  it.each([
    ['http://localhost/', /has the address (127\.0\.0\.1|::1), which is not public/],
    ['ftp://example.com/', /must begin with https:\/\/ or http:\/\//],
    ['file:///etc/passwd', /must begin with/],
    ['https://user:secret@example.com/', /must not contain a user name/],
    ['nonsense', /must be a URL/],
    [`https://example.com/${'a'.repeat(2_000)}`, /may have 2000 characters at most/],
  ])('%s is refused', async (url, reason) => {
    expect(await aSender().refusal(url)).toMatch(reason);
  });

  it('whose name has a public and a private address, or none, is refused', async () => {
    const names: Record<string, string[]> = {
      mixed: ['93.184.215.14', '10.0.0.1'],
      none: [],
      public: ['93.184.215.14'],
    };
    const sender = aSender({
      resolve: async (host) => names[host] ?? Promise.reject(new Error('ENOTFOUND')),
    });
    expect(await sender.refusal('https://mixed/')).toMatch(/mixed has the address 10\.0\.0\.1/);
    expect(await sender.refusal('https://none/')).toBe('names a host that has no address');
    expect(await sender.refusal('https://unknown/')).toBe('names a host that cannot be found');
    expect(await sender.refusal('https://public/')).toBeNull();
  });

  it('may be private where the server allows it', async () => {
    const sender = aSender({ allowPrivate: true });
    const receiver = await aReceiver();
    expect(await sender.refusal(receiver.url)).toBeNull();
    expect(await send(sender, receiver.url)).toMatchObject({ status: 204, error: null });
  });
});

describe('a delivery', () => {
  it('reaches nothing inside if the answer of DNS changes after the webhook was made', async () => {
    const receiver = await aReceiver();
    const { port } = new URL(receiver.url);
    const answers = [['93.184.215.14'], ['127.0.0.1']];
    const sender = aSender({ resolve: async () => answers.shift() ?? ['127.0.0.1'] });
    const url = `http://rebinding.example:${port}/`;
    expect(await sender.refusal(url)).toBeNull();
    expect(await send(sender, url)).toEqual({
      status: null,
      error: 'rebinding.example has the address 127.0.0.1, which is not public.',
      answer: null,
      retryAfterMs: null,
    });
    expect(receiver.received).toEqual([]);
  });

  it('connects to the addresses that were checked, which are resolved once', async () => {
    const answers = [['93.184.215.14', '2606:2800:21f::1'], ['127.0.0.1']];
    const lookup = createPublicLookup(async () => answers.shift() ?? []);
    const found = await new Promise((resolve) => {
      lookup('rebinding.example', { all: true }, (_error, addresses) => resolve(addresses));
    });
    expect(found).toEqual([
      { address: '93.184.215.14', family: 4 },
      { address: '2606:2800:21f::1', family: 6 },
    ]);
    expect(answers).toHaveLength(1);
  });

  it.each([301, 302, 303, 307, 308])('follows no redirect with %i', async (status) => {
    const inside = await aReceiver();
    const receiver = await aReceiver((_received, response) =>
      response.writeHead(status, { location: inside.url }).end(),
    );
    expect(await send(aSender({ allowPrivate: true }), receiver.url)).toMatchObject({
      status,
      error: `Answered with ${status}. Redirects are not followed: give the final address.`,
    });
    expect(inside.received).toEqual([]);
  });

  it('ends after a time without an answer, or within one', async () => {
    const sender = aSender({ allowPrivate: true, timeoutMs: 100 });
    const silent = await aReceiver(() => undefined);
    const slow = await aReceiver((_received, response) => response.writeHead(200).write('a'));
    for (const { url } of [silent, slow])
      expect(await send(sender, url)).toMatchObject({ error: 'No answer within 0.1 s.' });
  });

  it('reads the beginning of an endless answer only', async () => {
    const receiver = await aReceiver((_received, response) => {
      response.writeHead(200);
      const more = () => {
        while (!response.closed && response.write('x'.repeat(65_536)));
        if (!response.closed) response.once('drain', more);
      };
      more();
    });
    const { status, answer } = await send(aSender({ allowPrivate: true }), receiver.url);
    expect({ status, length: answer?.length }).toEqual({ status: 200, length: 512 });
    await expect.poll(() => receiver.underWay.now).toBe(0);
  });

  it('that cannot connect says nothing of the address, which may contain a credential', async () => {
    const receiver = await aReceiver();
    await receiver.close();
    receivers.splice(0);
    const { error } = await send(aSender({ allowPrivate: true }), `${receiver.url}?token=hunter2`);
    expect(error).toBe('The request failed: ECONNREFUSED.');
  });
});

describe('a signing secret', () => {
  const keyed = (keys: string) => aSender({ allowPrivate: true, secretKeys: new Secret(keys) });
  const [one, two] = ['the first key of this test, and long', 'the second key of this test, and long'].map(
    (text) => text.replaceAll(/[ ,]/g, '-'),
  ) as [string, string];
  const secret = newSigningSecret();

  it('is stored encrypted, and signs as it was given', async () => {
    const receiver = await aReceiver();
    const sender = keyed(one);
    const stored = sender.secrets.toStored('whk_1', secret);
    expect(stored).not.toContain(secret.slice(6, 20));
    expect(sender.secrets.toStored('whk_1', secret)).not.toBe(stored);
    expect(await send(sender, receiver.url, [stored])).toMatchObject({ status: 204 });
    const [{ headers, text } = {}] = receiver.received;
    const signature = new Webhook(secret).sign('evt_1', new Date(1_000_000), text ?? '');
    expect(headers?.['webhook-signature']).toBe(signature);
  });

  it('is stored as it is without a key, and again once there is one, and with each new key', () => {
    const plain = aSender().secrets.toStored('whk_1', secret);
    expect(plain).toBe(secret);
    const stored = keyed(one).secrets.toRenewed('whk_1', plain);
    expect(stored).not.toBe(plain);
    expect(keyed(one).secrets.toRenewed('whk_1', stored)).toBe(stored);
    const renewed = keyed(`${two},${one}`).secrets.toRenewed('whk_1', stored);
    expect(keyed(two).secrets.toSecret('whk_1', renewed)).toBe(secret);
    // A server without the key leaves it alone.
    for (const other of [keyed(two), aSender()])
      expect(other.secrets.toRenewed('whk_1', stored)).toBe(stored);
  });

  it('that can not be read, or belongs to another webhook, is a failure that says what to do', async () => {
    const receiver = await aReceiver();
    const stored = keyed(one).secrets.toStored('whk_1', secret);
    const ofAnother = keyed(one).secrets.toStored('whk_2', secret);
    const changed = `${stored.slice(0, -2)}xx`;
    const answers = [
      await send(aSender({ allowPrivate: true }), receiver.url, [stored]),
      await send(keyed(two), receiver.url, [stored]),
      await send(keyed(one), receiver.url, [ofAnother]),
      await send(keyed(one), receiver.url, [changed]),
    ];
    for (const { error } of answers)
      expect(error).toMatch(/MC_SECRET_KEY .* Set that key, or rotate the secret\.$/);
    expect(receiver.received).toEqual([]);
    // A rotation mends it, while the former secret is still unreadable.
    const rotated = keyed(two).secrets.toStored('whk_1', newSigningSecret());
    expect(await send(keyed(two), receiver.url, [rotated, stored])).toMatchObject({ status: 204 });
  });
});
