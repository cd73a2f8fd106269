import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Gateway } from '../../../src/gateway/gateway.js';
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

function aGateway({ url }: FakeOpenclaw, more: object = {}): Gateway {
  const gateway = createOpenclawGateway({ url, token: new Secret(TOKEN), ...more });
  open.unshift(gateway);
  return gateway;
}

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

const paramsOf = (fake: FakeOpenclaw, method: string) =>
  fake.requests.filter((request) => request.method === method).map(({ params }) => params);

describe('the openclaw gateway', () => {
  it('requests a run in its own session, with a time limit in seconds and without delivery', async () => {
    const fake = await aFake();
    const call = aCall('[[good]]', {
      soul: 'You are careful.',
      idempotencyKey: 'Task_01-A1',
      timeoutMs: 90_100,
    });
    await aGateway(fake).send(call, testHooks());
    expect(paramsOf(fake, 'agent')).toEqual([
      {
        message: '[[good]]',
        agentId: 'scout',
        sessionKey: 'agent:scout:task:task_01-a1',
        idempotencyKey: 'task_01-a1',
        deliver: false,
        timeout: 91,
        model: 'stub/fast',
        extraSystemPrompt: 'You are careful.',
      },
    ]);
  });

  it('records what is needed to find the run again', async () => {
    const fake = await aFake();
    const hooks = testHooks();
    const call = aCall('[[good]]', { gatewayAgentId: 'aegis' });
    await aGateway(fake).send(call, hooks);
    const { idempotencyKey: key } = call;
    expect(hooks.accepted).toEqual([
      {
        gatewayRunId: key,
        state: {
          bootId: expect.stringMatching(/^[0-9a-f-]{36}$/),
          key,
          runId: key,
          sessionKey: `agent:aegis:task:${key}`,
        },
      },
    ]);
  });

  it('connects as a backend and requests the scopes that it needs', async () => {
    const fake = await aFake();
    await aGateway(fake).probe(new AbortController().signal);
    expect(paramsOf(fake, 'connect')).toEqual([
      {
        minProtocol: 4,
        maxProtocol: 4,
        client: expect.objectContaining({ id: 'gateway-client', mode: 'backend' }),
        role: 'operator',
        scopes: ['operator.read', 'operator.write', 'operator.admin'],
        caps: [],
        auth: { token: TOKEN },
      },
    ]);
  });

  it('omits the model if it may not choose one', async () => {
    const fake = await aFake({ grants: ['operator.read', 'operator.write'] });
    expect(await aGateway(fake).send(aCall('[[good]]'), testHooks())).toMatchObject({ outcome: 'ANSWERED' });
    expect(paramsOf(fake, 'agent')[0]).not.toHaveProperty('model');
  });

  it('shares one connection among all calls, even those before it is open', async () => {
    const fake = await aFake();
    const gateway = aGateway(fake);
    await Promise.all(Array.from({ length: 5 }, () => gateway.send(aCall('[[good]]'), testHooks())));
    await gateway.send(aCall('[[good]]'), testHooks());
    expect(paramsOf(fake, 'connect')).toHaveLength(1);
  });

  it('reconnects after the connection was closed', async () => {
    const fake = await aFake();
    const gateway = aGateway(fake);
    await gateway.send(aCall('[[good]]'), testHooks());
    fake.cut();
    await vi.waitFor(() => expect(fake.connections()).toBe(0), 20_000);
    expect(await gateway.send(aCall('[[good]]'), testHooks())).toMatchObject({ outcome: 'ANSWERED' });
  });

  it('replaces a silent connection, and finds the run on the new one', async () => {
    const fake = await aFake({ tickIntervalMs: 40 });
    const hooks = testHooks();
    const answer = aGateway(fake).send(aCall('[[hang]]'), hooks);
    await vi.waitFor(() => expect(hooks.accepted).toHaveLength(1), 20_000);
    fake.mute();
    const [run] = fake.runs.active();
    // The muted connection receives nothing any more, not even the request.
    await vi.waitFor(() => expect(paramsOf(fake, 'agent.wait')).not.toEqual([]), 20_000);
    fake.runs.succeed(run!, 'Done, slowly.');
    expect(await answer).toMatchObject({ outcome: 'ANSWERED', text: 'Done, slowly.' });
    expect(paramsOf(fake, 'connect').length).toBeGreaterThanOrEqual(2);
  });

  it.each([
    ['starting', 'gateway starting'],
    ['draining', '503'],
  ] as const)('says of a gateway that is %s that nothing has begun', async (mode, words) => {
    const fake = await aFake();
    fake.setMode(mode);
    const gateway = aGateway(fake);
    const error = expect.stringContaining(words);
    expect(await gateway.send(aCall('[[good]]'), testHooks())).toMatchObject({ outcome: 'NOT_BEGUN', error });
    expect(await gateway.probe(new AbortController().signal)).toEqual({ reachable: false, error });
    fake.setMode('ready');
    expect(await gateway.send(aCall('[[good]]'), testHooks())).toMatchObject({ outcome: 'ANSWERED' });
  });

  it('reports the retry time of a gateway that drains on an open connection', async () => {
    const fake = await aFake();
    const gateway = aGateway(fake);
    await gateway.send(aCall('[[good]]'), testHooks());
    fake.setMode('draining');
    expect(await gateway.send(aCall('[[good]]'), testHooks())).toEqual({
      outcome: 'NOT_BEGUN',
      error: 'OpenClaw: gateway is restarting',
      retryAfterMs: 50,
    });
    expect(await gateway.probe(new AbortController().signal)).toMatchObject({ reachable: false });
  });

  it('explains scopes that were dropped, and a missing token', async () => {
    const remote = await aFake({ grants: ['operator.read'] });
    const broken = { outcome: 'BROKEN', remedy: expect.stringContaining('OPENCLAW_GATEWAY_TOKEN') };
    expect(await aGateway(remote).send(aCall('[[good]]'), testHooks())).toMatchObject({
      ...broken,
      error: expect.stringMatching(/operator\.write.*loopback/),
    });
    const withoutToken = aGateway(remote, { token: undefined });
    expect(await withoutToken.send(aCall('[[good]]'), testHooks())).toMatchObject({
      ...broken,
      error: expect.stringMatching(/device identity required.*OPENCLAW_GATEWAY_TOKEN/),
    });
  });

  it('proves its device identity to a gateway on another machine', async () => {
    const devicePath = join(await mkdtemp(join(tmpdir(), 'mc-device-')), 'data', 'device.pem');
    const pairedDevices = new Set<string>();
    const remote = await aFake({ pairedDevices });
    const send = () => aGateway(remote, { devicePath }).send(aCall('[[good]]'), testHooks());
    const refused = await send();
    expect(refused).toMatchObject({ outcome: 'BROKEN' });
    const [, id = ''] =
      /Approve the device ([0-9a-f]{64}), .*`openclaw devices approve`/.exec(JSON.stringify(refused)) ?? [];
    pairedDevices.add(id);
    expect(await send()).toMatchObject({ outcome: 'ANSWERED' });
    expect((await stat(devicePath)).mode & 0o777).toBe(0o600);
    await rm(dirname(dirname(devicePath)), { recursive: true });
  });

  it('refuses a prompt so large that the gateway would close the shared connection', async () => {
    const fake = await aFake({ maxPayload: 10_000 });
    const answer = await aGateway(fake).send(aCall('x'.repeat(10_000)), testHooks());
    expect(answer).toEqual({
      outcome: 'FAILED',
      error: 'OpenClaw: the prompt is too long',
      permanent: true,
    });
  });

  it('cancels a run that the gateway does not end in time', async () => {
    const fake = await aFake();
    const gateway = aGateway(fake, { graceMs: 50 });
    const answer = await gateway.send(aCall('[[deaf]]', { timeoutMs: 100 }), testHooks());
    expect(answer).toEqual({ outcome: 'TIMED_OUT', error: 'OpenClaw: no answer within 0.1 seconds' });
    expect(fake.runs.active()).toEqual([]);
  });

  it('reports a cancellation at the gateway as a failure', async () => {
    const fake = await aFake();
    const answer = aGateway(fake).send(aCall('[[hang]]'), testHooks());
    await vi.waitFor(() => expect(fake.runs.active()).toHaveLength(1), 20_000);
    fake.runs.cancel(fake.runs.active()[0]!);
    expect(await answer).toEqual({
      outcome: 'FAILED',
      error: 'OpenClaw: the run was cancelled at the gateway',
      permanent: false,
    });
  });

  it('returns the first answer to a call that is sent twice', async () => {
    const fake = await aFake();
    const gateway = aGateway(fake);
    const call = aCall('[[slow]]');
    const answers = await Promise.all([gateway.send(call, testHooks()), gateway.send(call, testHooks())]);
    answers.push(await gateway.send(call, testHooks()));
    for (const answer of answers)
      expect(answer).toMatchObject({ outcome: 'ANSWERED', text: 'Done, slowly.' });
    expect(fake.runs.begun).toHaveLength(1);
  });
});
