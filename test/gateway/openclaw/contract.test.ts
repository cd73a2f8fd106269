import * as protocol from '@openclaw/gateway-protocol';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createOpenclawGateway } from '../../../src/gateway/openclaw/openclaw.js';
import { Secret } from '../../../src/kernel/secret.js';
import { type FakeOpenclaw, startFakeOpenclaw } from '../../support/gateways/fake-openclaw.js';
import { aCall, testHooks } from '../conformance.js';

const VALIDATORS = {
  connect: protocol.validateConnectParams,
  agent: protocol.validateAgentParams,
  'agent.wait': protocol.validateAgentWaitParams,
  'chat.history': protocol.validateChatHistoryParams,
  'sessions.abort': protocol.validateSessionsAbortParams,
  'tasks.list': protocol.validateTasksListParams,
  'tasks.cancel': protocol.validateTasksCancelParams,
};
const withoutSchema = ['health'];

/** The gateway refuses a request with a property that its schema does not have. */
describe('every request to OpenClaw', () => {
  let fake: FakeOpenclaw;
  beforeAll(async () => {
    // Without admin, so that a run of a lost connection is ended the long way.
    fake = await startFakeOpenclaw({ token: 'token', grants: ['operator.read', 'operator.write'] });
  });
  afterAll(() => fake.close());

  it('has the form that the gateway publishes', async () => {
    const gateway = createOpenclawGateway({ url: fake.url, token: new Secret('token') });
    const soul = 'You are careful.';
    await gateway.probe(new AbortController().signal);
    await gateway.send(aCall('[[drop-after-ack]]', { soul }), testHooks());
    const hooks = testHooks();
    const answer = gateway.send(aCall('[[hang]]'), hooks);
    await vi.waitFor(() => expect(hooks.accepted).toHaveLength(1), 20_000);
    fake.cut();
    await vi.waitFor(
      () => expect(fake.requests.filter(({ method }) => method === 'connect')).toHaveLength(3),
      20_000,
    );
    hooks.abort();
    expect(await answer).toEqual({ outcome: 'ABORTED' });
    await gateway.close();

    const asked = new Set(fake.requests.map(({ method }) => method));
    expect(asked).toEqual(new Set([...Object.keys(VALIDATORS), ...withoutSchema]));
    for (const request of fake.requests) {
      expect(protocol.validateRequestFrame(request), JSON.stringify(request)).toBe(true);
      const validate = VALIDATORS[request.method as keyof typeof VALIDATORS];
      expect(validate?.(request.params) ?? true, JSON.stringify(request)).toBe(true);
    }
  });
});
