import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { MAX_ANSWER_LENGTH } from '../../../src/gateway/answer-text.js';
import { createOpenaiGateway } from '../../../src/gateway/openai/openai.js';
import { Secret } from '../../../src/kernel/secret.js';
import { type FakeOpenai, startFakeOpenai } from '../../support/gateways/fake-openai.js';
import { UNUSED_PORT } from '../../support/servers/unused-port.js';
import { aCall, describeConformance, type GatewayFixture, testHooks } from '../conformance.js';

const KEY = 'sk-the-key-of-the-tests';
const gatewayTo = (baseUrl: string, apiKey: string | null = KEY) =>
  createOpenaiGateway({ baseUrl, apiKey: apiKey === null ? undefined : new Secret(apiKey) });

async function openEndpoint(): Promise<GatewayFixture> {
  const fake = await startFakeOpenai(KEY);
  return {
    gateway: gatewayTo(fake.baseUrl),
    withWrongToken: gatewayTo(fake.baseUrl, 'sk-some-other-key'),
    unreachable: gatewayTo(`http://127.0.0.1:${UNUSED_PORT}/v1`),
    secret: 'sk-',
    countBegun: () => fake.requests.length,
    countUnderWay: fake.open,
    close: fake.close,
  };
}

const failed = (error: string, permanent = false) => ({
  outcome: 'FAILED' as const,
  permanent,
  error: expect.stringContaining(error),
});

describeConformance('openai', openEndpoint, {
  good: {
    outcome: 'ANSWERED',
    text: 'Done: Do it. [[good]]',
    model: 'stub/fast',
    usage: { inputTokens: 12, outputTokens: 5, costUsd: 0.25 },
  },
  empty: { outcome: 'ANSWERED', text: '' },
  slow: { outcome: 'ANSWERED', text: 'Done, slowly.' },
  duplicate: { outcome: 'ANSWERED', text: 'Done once.' },
  oversize: { outcome: 'ANSWERED', text: 'x'.repeat(MAX_ANSWER_LENGTH) },
  error: failed('the model is on holiday'),
  'server-error': failed('500 The server had an error.'),
  disconnect: failed('terminated'),
  'drop-before-ack': failed('other side closed'),
  'drop-after-ack': failed('terminated'),
  garbage: failed('not in the format'),
  'wrong-token': {
    outcome: 'BROKEN',
    error: expect.stringContaining('401 Incorrect API key provided: Bearer [secret]'),
    remedy: 'Check OPENAI_API_KEY and OPENAI_BASE_URL.',
  },
  'unknown-agent': failed('404 The model stub/fast does not exist.', true),
  unreachable: {
    outcome: 'NOT_BEGUN',
    error: expect.stringContaining('ECONNREFUSED'),
    retryAfterMs: null,
  },
});

describe('the openai gateway', () => {
  let fake: FakeOpenai;
  beforeAll(async () => {
    fake = await startFakeOpenai(KEY);
  });
  afterAll(() => fake.close());

  async function send(prompt: string, more = {}) {
    const gateway = gatewayTo(fake.baseUrl);
    try {
      return await gateway.send(aCall(prompt, more), testHooks());
    } finally {
      await gateway.close();
    }
  }

  it('sends the standing instruction as the system message and the idempotency key, each request once', async () => {
    vi.stubEnv('OPENAI_ORG_ID', 'org-of-somebody');
    const before = fake.requests.length;
    await send('[[server-error]]', { soul: 'You are careful.', idempotencyKey: 'task-9-a2' });
    expect(fake.requests.slice(before)).toMatchObject([
      {
        headers: { 'idempotency-key': 'task-9-a2', authorization: `Bearer ${KEY}` },
        body: {
          model: 'stub/fast',
          messages: [
            { role: 'system', content: 'You are careful.' },
            { role: 'user', content: '[[server-error]]' },
          ],
        },
      },
    ]);
    expect(fake.requests.at(-1)?.headers).not.toHaveProperty('openai-organization');
  });

  it('fails without a model and sends nothing', async () => {
    const before = fake.requests.length;
    expect(await send('[[good]]', { model: null })).toEqual(failed('MC_MODEL_DEFAULT', true));
    expect(fake.requests).toHaveLength(before);
  });

  it('accepts an answer in one piece from an endpoint without streams, at any length', async () => {
    expect(await send('[[whole]]')).toMatchObject({ outcome: 'ANSWERED', text: 'Done: [[whole]]' });
    expect(await send('[[oversize-json]]')).toMatchObject({ text: 'x'.repeat(MAX_ANSWER_LENGTH) });
  });

  it('requests no usage from an endpoint without that option', async () => {
    expect(await send('[[old]]')).toMatchObject({
      outcome: 'ANSWERED',
      text: 'Done, the old way.',
      usage: null,
    });
  });

  it('stops reading an answer that never ends', async () => {
    expect(await send('[[endless]]')).toEqual(failed('longer than'));
  });

  it('accepts neither a web page nor an incomplete stream as an answer', async () => {
    expect(await send('[[garbage-html]]')).toEqual(failed('not in the format'));
    expect(await send('[[ends-early]]')).toMatchObject(failed('ended before it was complete'));
  });

  it('reports a refusal as a failure to retry, and a busy endpoint as a limit', async () => {
    expect(await send('[[refusal]]')).toEqual(failed("The model refused: I can't help with that."));
    expect(await send('[[busy]]')).toEqual({
      outcome: 'LIMITED',
      error: '429 Too many requests.',
      retryAfterMs: null,
    });
  });

  it('times out before the first byte too', async () => {
    expect(await send('[[hang-silent]]', { timeoutMs: 50 })).toMatchObject({ outcome: 'TIMED_OUT' });
    await vi.waitFor(() => expect(fake.open()).toBe(0), 20_000);
  });

  it('sends no key to an endpoint without keys', async () => {
    const keyless = await startFakeOpenai(KEY);
    const gateway = gatewayTo(keyless.baseUrl, null);
    expect(await gateway.send(aCall('[[good]]'), testHooks())).toMatchObject({
      outcome: 'BROKEN',
      error: expect.stringContaining('provided: nothing'),
    });
    await Promise.all([gateway.close(), keyless.close()]);
  });
});
