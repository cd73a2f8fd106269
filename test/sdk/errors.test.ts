import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import * as sdk from '../../src/sdk/index.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { sdkAgent, sdkClient } from '../support/servers/sdk-client.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';

let database: TestDatabase;
let server: ServerProcess;
let admin: sdk.Client;
let agent: sdk.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startServer({ databaseUrl: database.url, env: { MC_TASKS_PER_MINUTE: '20' } });
  admin = sdkClient(server);
  agent = await sdkAgent(server, 'scout', { capacity: 10, acceptsInbox: true });
  await admin.registerAgent({ name: 'aegis', role: 'reviewer' });
});

afterAll(async () => {
  await server.stop();
  await database.drop();
});

/** What a call throws. */
async function thrown(call: PromiseLike<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error('the call was not refused');
}

async function aTask(title = 'A task') {
  return (await admin.createTask({ title })).task;
}

async function aClaim() {
  await aTask();
  const { task, run } = await agent.claimNextTask();
  return { task: { id: task!.id }, runId: run!.id };
}

describe('a refusal', () => {
  it('is a class of its own for each code, and says what to do', async () => {
    const { id } = await aTask();
    const template = { title: 'Again' };
    const pipeline = { name: 'twice', steps: [{ key: 'a', template: { title: 'A' } }] };
    await admin.createPipeline(pipeline);
    await admin.createTask({ title: 'One', idempotencyKey: 'used' });
    const calls = [
      [sdk.NotFoundError, () => admin.cancelTask({ task: { ref: 'TASK-999999' } })],
      [sdk.AlreadyExistsError, () => admin.createPipeline(pipeline)],
      [
        sdk.BadScheduleError,
        () => admin.createRecurringTask({ name: 'odd', schedule: 'sometimes', template }),
      ],
      [sdk.IdempotencyKeyReusedError, () => admin.createTask({ title: 'Two', idempotencyKey: 'used' })],
      [sdk.UnknownAgentError, () => admin.assignTask({ task: { id }, assignee: { name: 'nemo' } })],
      [sdk.UnknownTemplateError, () => admin.registerAgent({ name: 'soulless', soulTemplate: 'none' })],
      [sdk.UnknownGatewayError, () => admin.registerAgent({ name: 'lost', config: { gateway: 'none' } })],
      [sdk.NotPermittedError, () => agent.heartbeat({ agent: { name: 'aegis' } })],
    ] as const;
    for (const [kind, call] of calls) {
      const error = await thrown(call());
      expect(error).toBeInstanceOf(kind);
      expect(error).toBeInstanceOf(sdk.RefusedError);
      expect(error).toMatchObject({ name: kind.name, message: expect.stringMatching(/\w+ \w+/) });
    }
  });

  it('names the field that is not acceptable', async () => {
    const error = await thrown(admin.createTask({ title: '' }));
    expect(error).toBeInstanceOf(sdk.InvalidInputError);
    expect(error).toMatchObject({ code: 'INVALID', path: ['title'] });
  });

  it('has the statuses of a transition that is not allowed', async () => {
    const { id } = await aTask();
    const error = await thrown(admin.retryTask({ task: { id } }));
    expect(error).toBeInstanceOf(sdk.InvalidTransitionError);
    expect(error).toMatchObject({ from: 'INBOX', allowed: expect.arrayContaining(['CANCELLED']) });
  });

  it('has the versions of a conflict', async () => {
    const { id, version } = await aTask();
    const error = await thrown(
      admin.updateTask({ task: { id }, title: 'New', expectedVersion: version + 5 }),
    );
    expect(error).toBeInstanceOf(sdk.VersionConflictError);
    expect(error).toMatchObject({ expected: version + 5, actual: version });
  });

  it('has the cycle of dependencies', async () => {
    const [one, other] = [await aTask('One'), await aTask('Other')];
    await admin.addDependency({ task: { id: one.id }, dependsOn: { id: other.id } });
    const error = await thrown(admin.addDependency({ task: { id: other.id }, dependsOn: { id: one.id } }));
    expect(error).toBeInstanceOf(sdk.DependencyCycleError);
    expect((error as sdk.DependencyCycleError).cycle).toContain(one.ref);
  });

  it('has the run whose lease is lost', async () => {
    const { task, runId } = await aClaim();
    await admin.cancelTask({ task });
    const error = await thrown(agent.completeTask({ runId, resolution: 'late' }));
    expect(error).toBeInstanceOf(sdk.LeaseLostError);
    expect(error).toMatchObject({ runId });
  });

  it('tells a reviewer that it reviews itself, or that the round is over', async () => {
    const { task, runId } = await aClaim();
    await agent.completeTask({ runId, resolution: 'done' });
    const verdict = { task, round: 1, verdict: 'APPROVED' } as const;
    expect(await thrown(admin.submitVerdict({ ...verdict, reviewer: { name: 'scout' } }))).toBeInstanceOf(
      sdk.SelfReviewError,
    );
    await admin.submitVerdict({ ...verdict, reviewer: { name: 'aegis' } });
    const late = { ...verdict, verdict: 'REJECTED', feedback: 'No.', reviewer: { name: 'aegis' } } as const;
    expect(await thrown(admin.submitVerdict(late))).toBeInstanceOf(sdk.SupersededError);
  });

  it('has the quota that is used up, and the time until a retry', async () => {
    const tasks = Array.from({ length: 21 }, (_, index) => ({ title: `Task ${index}` }));
    const error = await thrown(admin.createTasks(tasks));
    expect(error).toBeInstanceOf(sdk.QuotaExceededError);
    const { limit, retryAfterMs } = error as sdk.QuotaExceededError;
    expect(limit).toBe(20);
    expect(retryAfterMs === null || retryAfterMs > 0).toBe(true);
  });
});

describe('an error of the request', () => {
  it('tells a key that is not valid from one that may not do this', async () => {
    const stranger = sdkClient(server, { apiKey: 'mc_wrong' });
    expect(await thrown(stranger.viewer())).toBeInstanceOf(sdk.UnauthenticatedError);
    const error = await thrown(agent.createApiKey({ name: 'more', role: 'ADMIN' }));
    expect(error).toBeInstanceOf(sdk.ForbiddenError);
    expect(error).toMatchObject({ code: 'FORBIDDEN', errors: [{ message: expect.any(String) }] });
  });

  it('tells a document that is not valid from one that asks for too much', async () => {
    expect(await thrown(admin.request('{ nothing }'))).toBeInstanceOf(sdk.BadRequestError);
    expect(await thrown(admin.request('{ viewer'))).toBeInstanceOf(sdk.BadRequestError);
    const deep = `${'runs { nodes { task { '.repeat(20)}id${' } } }'.repeat(20)}`;
    expect(await thrown(admin.request(`{ tasks { nodes { ${deep} } } }`))).toBeInstanceOf(
      sdk.QueryTooComplexError,
    );
  });

  it('says that a server is too old when it does not know an operation of the package', async () => {
    // A client that is newer than the server selects a field that the server does not have.
    const newer = sdkClient(server, {
      fetch: (input, init) =>
        fetch(input, { ...init, body: String(init?.body).replace('{viewer{', '{viewer{horoscope ') }),
    });
    const error = await thrown(newer.viewer());
    expect(error).toBeInstanceOf(sdk.ServerTooOldError);
    expect(error).toMatchObject({ code: 'SERVER_TOO_OLD', message: expect.stringContaining('horoscope') });
  });

  it('says the same of an input field and of a value that the server does not know', async () => {
    const newerInputs = [
      { title: 'New', horoscope: 'good' },
      { title: 'New', assignee: { nickname: 'otto' } },
      { title: 'New', priority: 'URGENT' },
    ] as never[];
    for (const input of newerInputs) {
      const error = await thrown(admin.createTask(input));
      expect(error).toBeInstanceOf(sdk.ServerTooOldError);
      expect((error as Error).message).toMatch(/horoscope|nickname|URGENT/);
    }
    const wrong = admin.createTask({
      title: 1,
      description: '; Field "x" is not defined by type "X"',
    } as never);
    expect(await thrown(wrong)).toBeInstanceOf(sdk.BadRequestError);
    const own = 'mutation ($input: CreateTaskInput!) { createTask(input: $input) { errors { code } } }';
    expect(await thrown(admin.request(own as never, { input: newerInputs[0] }))).toBeInstanceOf(
      sdk.BadRequestError,
    );
  });

  it('names a path prefix that leads nowhere, also for subscriptions', async () => {
    const lost = sdkClient({ ...server, url: `${server.url}/elsewhere` });
    // One after the other: a rejection that has no handler yet would end the process.
    for (const call of [() => lost.viewer(), () => lost.followOverview().next()])
      expect(await thrown(call())).toMatchObject({
        code: 'WRONG_ADDRESS',
        message: expect.stringContaining('answered with HTTP 404: This path does not exist.'),
      });
  });

  it('says that something other than a server answers, without repeating the request', async () => {
    const portal = sdkClient(server, { fetch: async () => new Response('<html>Sign in</html>') });
    const error = await thrown(portal.viewer());
    expect(error).toBeInstanceOf(sdk.WrongAddressError);
    expect((error as Error).message).toContain('is this the URL of a Mission Control server?');
  });

  it.each([404, 405])('says the same of a page with the status %i', async (status) => {
    const other = sdkClient(server, {
      fetch: async () => new Response('<html>No such page</html>', { status }),
    });
    expect(await thrown(other.viewer())).toMatchObject({
      code: 'WRONG_ADDRESS',
      message: expect.stringContaining(`answered with HTTP ${status} and no GraphQL answer`),
    });
    expect(await thrown(other.followOverview().next())).toBeInstanceOf(sdk.WrongAddressError);
  });

  it('names the mistake in an address that redirects, or that has no TLS', async () => {
    const elsewhere = createServer((_request, response) => {
      response.writeHead(301, { location: `${server.url}/graphql` }).end();
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void elsewhere.close());
    await once(elsewhere, 'listening');
    const { port } = elsewhere.address() as AddressInfo;
    const redirected = sdkClient({ ...server, url: `http://127.0.0.1:${port}` });
    const secured = sdkClient({ ...server, url: server.url.replace('http:', 'https:') });
    for (const [client, advice] of [
      [redirected, 'redirects to another address: pass that one.'],
      [secured, 'does not use TLS: pass a URL that begins with http://.'],
    ] as const) {
      expect(await thrown(client.viewer())).toMatchObject({
        code: 'WRONG_ADDRESS',
        message: expect.stringContaining(advice),
      });
    }
  });

  it('asks to wait when a proxy has failed without a code', async () => {
    const fetch = async () => new Response('<html>Unknown error</html>', { status: 520 });
    const behind = sdkClient(server, { fetch, retry: { retries: 1, maxPauseMs: 1 } });
    expect(await thrown(behind.viewer())).toBeInstanceOf(sdk.UnavailableError);
  });

  it('has the id under which the server has logged a fault', async () => {
    const extensions = { code: 'INTERNAL_SERVER_ERROR', requestId: 'req_1' };
    const body = JSON.stringify({ errors: [{ message: 'Internal server error', extensions }] });
    const faulty = sdkClient(server, { fetch: async () => new Response(body, { status: 500 }) });
    const error = await thrown(faulty.viewer());
    expect(error).toBeInstanceOf(sdk.ServerFaultError);
    expect(error).toMatchObject({ requestId: 'req_1', status: 500 });
  });
});

describe('a client', () => {
  it('refuses an address and a key that cannot be right', () => {
    expect(() => sdk.createClient({ url: 'localhost:4000', apiKey: 'mc_x' })).toThrow(TypeError);
    expect(() => sdk.createClient({ url: server.url, apiKey: ' ' })).toThrow(/createApiKey/);
  });

  it('takes its options as the first argument of a method without an input, and refuses them in an input', async () => {
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(admin.viewer({ signal })).rejects.toThrow('too late');
    await expect(admin.gateways({ signal })).rejects.toThrow('too late');
    // @ts-expect-error The server would ignore a variable that it does not know.
    await expect(admin.overview({ signal })).rejects.toThrow(
      'Pass the signal to overview in the second argument',
    );
    // @ts-expect-error
    await expect(admin.heartbeat({ signal })).rejects.toThrow(TypeError);
    // @ts-expect-error
    expect(() => admin.tasks({ signal })).toThrow(TypeError);
    // @ts-expect-error
    await expect(admin.viewer({}, { signal })).rejects.toThrow('viewer has no input');
    // @ts-expect-error
    await expect(admin.task({ ref: { ref: 'TASK-1' }, signal })).rejects.toThrow(TypeError);
  });
});
