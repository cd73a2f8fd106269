import { expect } from 'vitest';
import { MAX_ANSWER_LENGTH } from '../../../src/gateway/answer-text.js';
import { createOpenclawGateway } from '../../../src/gateway/openclaw/openclaw.js';
import { Secret } from '../../../src/kernel/secret.js';
import { startFakeOpenclaw } from '../../support/gateways/fake-openclaw.js';
import { UNUSED_PORT } from '../../support/servers/unused-port.js';
import { describeConformance, type GatewayFixture } from '../conformance.js';

const TOKEN = 'the-token-of-the-tests';

async function openGateway(): Promise<GatewayFixture> {
  const fake = await startFakeOpenclaw({ token: TOKEN });
  const gatewayTo = (url: string, token = TOKEN) => createOpenclawGateway({ url, token: new Secret(token) });
  return {
    gateway: gatewayTo(fake.url),
    withWrongToken: gatewayTo(fake.url, 'some-other-token'),
    unreachable: gatewayTo(`ws://127.0.0.1:${UNUSED_PORT}`),
    secret: 'token-of-the-tests',
    countBegun: () => fake.runs.begun.length,
    countUnderWay: () => fake.runs.active().length,
    close: fake.close,
  };
}

const failed = (error: string, permanent = false) => ({
  outcome: 'FAILED' as const,
  permanent,
  error: expect.stringContaining(error),
});
const usage = { inputTokens: 100, outputTokens: 10, costUsd: 0.5 };

describeConformance('openclaw', openGateway, {
  good: { outcome: 'ANSWERED', text: 'Done: Do it. [[good]]', model: 'stub/fast', usage },
  empty: { outcome: 'ANSWERED', text: '' },
  slow: { outcome: 'ANSWERED', text: 'Done, slowly.' },
  duplicate: { outcome: 'ANSWERED', text: 'Done once.' },
  oversize: { outcome: 'ANSWERED', text: 'x'.repeat(MAX_ANSWER_LENGTH) },
  garbage: { outcome: 'ANSWERED', text: 'Done: Do it. [[garbage]]' },
  // The gateway continues without a connection, and has the answer after a reconnect.
  disconnect: { outcome: 'ANSWERED', text: 'Done: Do it. [[disconnect]]', model: 'stub/fast', usage },
  'drop-before-ack': { outcome: 'ANSWERED', text: 'Done: Do it. [[drop-before-ack]]' },
  'drop-after-ack': { outcome: 'ANSWERED', text: 'Done: Do it. [[drop-after-ack]]', usage },
  error: failed('OpenClaw: LLM request failed: the provider is on holiday.'),
  'server-error': failed('OpenClaw: LLM request failed: provider returned 500.'),
  'unknown-agent': failed('unknown agent id "ghost"', true),
  'wrong-token': {
    outcome: 'BROKEN',
    error: expect.stringContaining('unauthorized: gateway token mismatch (AUTH_TOKEN_MISMATCH)'),
  },
  unreachable: {
    outcome: 'NOT_BEGUN',
    error: expect.stringContaining('ECONNREFUSED'),
    retryAfterMs: null,
  },
});
