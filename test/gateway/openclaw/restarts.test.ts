import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Gateway, GatewayState } from '../../../src/gateway/gateway.js';
import { createOpenclawGateway } from '../../../src/gateway/openclaw/openclaw.js';
import { Secret } from '../../../src/kernel/secret.js';
import { type FakeOpenclaw, startFakeOpenclaw } from '../../support/gateways/fake-openclaw.js';
import { aCall, testHooks } from '../conformance.js';

const TOKEN = 'the-token-of-the-tests';
const open: { close(): Promise<void> }[] = [];

async function aFake(options: Partial<Parameters<typeof startFakeOpenclaw>[0]> = {}): Promise<FakeOpenclaw> {
  const fake = await startFakeOpenclaw({ token: TOKEN, ...options });
  open.push(fake);
  return fake;
}

function aGateway({ url }: FakeOpenclaw): Gateway {
  const gateway = createOpenclawGateway({ url, token: new Secret(TOKEN), resumeMs: 1_000 });
  open.unshift(gateway);
  return gateway;
}

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

/** A call that a process has sent and then abandoned, as if the process had died. */
async function anOrphan(fake: FakeOpenclaw, prompt: string) {
  const hooks = testHooks();
  const call = aCall(prompt);
  const answer = aGateway(fake).send(call, hooks);
  await vi.waitFor(() => expect(hooks.accepted).toHaveLength(1), 20_000);
  return { call, state: hooks.accepted[0]!.state, answer };
}

describe('an OpenClaw gateway that restarts during a run', () => {
  it('resumes in another run, whose answer is the answer of the call', async () => {
    const fake = await aFake();
    const { answer } = await anOrphan(fake, '[[hang]]');
    fake.restart();
    expect(await answer).toMatchObject({
      outcome: 'ANSWERED',
      text: 'Done after the restart.',
      model: 'stub/fast',
    });
    expect(fake.runs.begun).toHaveLength(2);
    expect(fake.requests.filter(({ method }) => method === 'agent')).toHaveLength(1);
  });

  it('has lost a run that it does not resume', async () => {
    const fake = await aFake();
    const { answer } = await anOrphan(fake, '[[hang]]');
    fake.restart(null);
    expect(await answer).toMatchObject({
      outcome: 'FAILED',
      permanent: false,
      error: expect.stringContaining('records'),
    });
  });

  it('reports a turn that had not begun, which is sent again under another key', async () => {
    const fake = await aFake();
    const { call, answer } = await anOrphan(fake, '[[never-begins]]');
    fake.restart();
    expect(await answer).toMatchObject({ outcome: 'NOT_BEGUN', retryAfterMs: 0 });
    const hooks = testHooks();
    const again = { ...call, prompt: '[[good]]' };
    expect(await aGateway(fake).send(again, hooks)).toMatchObject({
      outcome: 'ANSWERED',
      text: 'Done: [[good]]',
    });
    expect(hooks.accepted[0]?.gatewayRunId).toBe(`${call.idempotencyKey}-r1`);
    expect(fake.runs.begun).toHaveLength(1);
  });

  it('cancels the resumed run when the call is aborted', async () => {
    const fake = await aFake();
    const hooks = testHooks();
    const answer = aGateway(fake).send(aCall('[[hang]]'), hooks);
    await vi.waitFor(() => expect(hooks.accepted).toHaveLength(1), 20_000);
    fake.restart(60_000);
    await vi.waitFor(
      () => expect(fake.requests.filter(({ method }) => method === 'agent.wait')).not.toEqual([]),
      20_000,
    );
    hooks.abort();
    expect(await answer).toEqual({ outcome: 'ABORTED' });
    expect(fake.runs.active()).toEqual([]);
  });
});

describe('a process that takes over from one that died', () => {
  const recover = (fake: FakeOpenclaw, call: ReturnType<typeof aCall>, state: GatewayState | null) =>
    aGateway(fake).recover(call, state, testHooks());

  it('waits for an active run', async () => {
    const fake = await aFake();
    const { call, state } = await anOrphan(fake, '[[slow]]');
    expect(await recover(fake, call, state)).toMatchObject({ outcome: 'ANSWERED', text: 'Done, slowly.' });
    expect(fake.runs.begun).toHaveLength(1);
  });

  it('finds the answer of an ended run, even without a recorded acceptance', async () => {
    const fake = await aFake();
    const { call, state, answer } = await anOrphan(fake, '[[good]]');
    await answer;
    const usage = { inputTokens: 100, outputTokens: 10, costUsd: 0.5 };
    for (const known of [state, null])
      expect(await recover(fake, call, known)).toMatchObject({
        outcome: 'ANSWERED',
        text: 'Done: [[good]]',
        usage,
      });
  });

  it('follows the run by which a restarted gateway resumed', async () => {
    const fake = await aFake();
    const { call, state } = await anOrphan(fake, '[[hang]]');
    fake.restart();
    for (const known of [state, null])
      expect(await recover(fake, call, known)).toMatchObject({
        outcome: 'ANSWERED',
        text: 'Done after the restart.',
      });
  });

  it('may send a call again that did not arrive or did not begin', async () => {
    const fake = await aFake();
    expect(await recover(fake, aCall('[[good]]'), null)).toMatchObject({ outcome: 'NOT_BEGUN' });
    const { call, state } = await anOrphan(fake, '[[never-begins]]');
    fake.restart();
    expect(await recover(fake, call, state)).toMatchObject({ outcome: 'NOT_BEGUN' });
    expect(await recover(fake, call, null)).toMatchObject({ outcome: 'NOT_BEGUN' });
  });

  it('reports a call as unknown if the gateway does not know it', async () => {
    const fake = await aFake();
    const { call, state } = await anOrphan(fake, '[[hang]]');
    fake.restart(null);
    expect(await recover(fake, call, state)).toEqual({ outcome: 'UNKNOWN' });
    const elsewhere = await aFake();
    expect(await recover(elsewhere, call, state)).toEqual({ outcome: 'UNKNOWN' });
  });

  it('can cancel the run instead', async () => {
    const fake = await aFake();
    const { call, state } = await anOrphan(fake, '[[hang]]');
    const hooks = testHooks();
    const recovered = aGateway(fake).recover(call, state, hooks);
    await vi.waitFor(
      () => expect(fake.requests.filter(({ method }) => method === 'agent.wait')).not.toEqual([]),
      20_000,
    );
    hooks.abort();
    expect(await recovered).toEqual({ outcome: 'ABORTED' });
    expect(fake.runs.active()).toEqual([]);
  });

  it('cancels a run of another connection by its task if it is not an admin', async () => {
    const fake = await aFake({ grants: ['operator.read', 'operator.write'] });
    const { call, state } = await anOrphan(fake, '[[hang]]');
    const hooks = testHooks();
    const recovered = aGateway(fake).recover(call, state, hooks);
    await vi.waitFor(
      () => expect(fake.requests.filter(({ method }) => method === 'agent.wait')).not.toEqual([]),
      20_000,
    );
    hooks.abort();
    expect(await recovered).toEqual({ outcome: 'ABORTED' });
    expect(fake.runs.active()).toEqual([]);
    expect(fake.requests.map(({ method }) => method)).toContain('tasks.cancel');
  });
});
