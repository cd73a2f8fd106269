import { expect } from 'vitest';
import { MAX_ANSWER_LENGTH } from '../../../src/gateway/answer-text.js';
import { createOpenclawGateway } from '../../../src/gateway/openclaw/openclaw.js';
import { Secret } from '../../../src/kernel/secret.js';
import { startFakeOpenclaw } from '../../support/gateways/fake-openclaw.js';
import { NOBODYS_PORT } from '../../support/servers/unused-port.js';
import { describeConformance, type FarSide } from '../conformance.js';

const TOKEN = 'the-token-of-the-tests';

async function openGateway(): Promise<FarSide> {
  const fake = await startFakeOpenclaw({ token: TOKEN });
  const gatewayTo = (url: string, token = TOKEN) => createOpenclawGateway({ url, token: new Secret(token) });
  return {
    gateway: gatewayTo(fake.url),
    withWrongToken: gatewayTo(fake.url, 'some-other-token'),
    withNobodyThere: gatewayTo(`ws://127.0.0.1:${NOBODYS_PORT}`),
    secret: 'token-of-the-tests',
    begun: () => fake.runs.begun.length,
    atWork: () => fake.runs.active().length,
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
  // The gateway works on without us, and has the answer for whoever comes back.
  disconnect: { outcome: 'ANSWERED', text: 'Done: Do it. [[disconnect]]', model: 'stub/fast', usage },
  'drop-before-ack': { outcome: 'ANSWERED', text: 'Done: Do it. [[drop-before-ack]]' },
  'drop-after-ack': { outcome: 'ANSWERED', text: 'Done: Do it. [[drop-after-ack]]', usage },
  error: failed('OpenClaw: LLM request failed: the provider is on holiday.'),
  'server-error': failed('OpenClaw: LLM request failed: provider returned 500.'),
  'unknown-agent': failed('unknown agent id "ghost"', true),
  'wrong-token': failed('unauthorized: gateway token mismatch (AUTH_TOKEN_MISMATCH)', true),
  'nobody-there': {
    outcome: 'NOT_BEGUN',
    error: expect.stringContaining('ECONNREFUSED'),
    retryAfterMs: null,
  },
});
