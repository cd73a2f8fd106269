import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, ConnectionError, RateLimitedError, UnavailableError } from '../../src/sdk/index.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { sdkAgent, sdkClient } from '../support/servers/sdk-client.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';
import { UNUSED_PORT } from '../support/servers/unused-port.js';
import { recordFetch } from '../support/wires/recorded-fetch.js';
import { openTcpLink } from '../support/wires/tcp-link.js';

let database: TestDatabase;
let server: ServerProcess;
let admin: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startServer({ databaseUrl: database.url });
  admin = sdkClient(server);
});

afterAll(async () => {
  await server.stop();
  await database.drop();
});

/** Quick pauses, so that tests need not wait. */
const retry = { retries: 3, maxPauseMs: 5 };

/** An answer of a server or a proxy that refuses the request as a whole. */
function refusal(status: number, code: string, headers: Record<string, string> = {}): Response {
  const body = JSON.stringify({ errors: [{ message: code, extensions: { code } }] });
  return new Response(body, { status, headers: { 'content-type': 'application/json', ...headers } });
}

/** A fetch that answers with these first, and then as the server. */
function answersFirst(...answers: readonly (() => Response)[]) {
  const { fetch: real, sent } = recordFetch();
  const left = [...answers];
  const scripted: typeof fetch = async (input, init) => {
    const answer = left.shift();
    if (!answer) return real(input, init);
    sent.push({
      method: 'POST',
      url: new URL(String(input)),
      headers: new Headers(),
      body: String(init?.body),
    });
    return answer();
  };
  return { fetch: scripted, sent };
}

async function countTasks(title: string): Promise<number> {
  let count = 0;
  for await (const task of admin.tasks({ first: 100 })) if (task.title === title) count += 1;
  return count;
}

describe('the methods of a client', () => {
  it('lead a task from its creation to its approval', async () => {
    const agent = await sdkAgent(server, 'otto');
    await sdkAgent(server, 'aegis', { role: 'reviewer' });
    const { task } = await admin.createTask({ title: 'Whole way', assignee: { name: 'otto' } });
    const { run, reason } = await agent.claimNextTask();
    expect(reason).toBe('ASSIGNED');
    await agent.reportProgress({ runId: run!.id, message: 'half', percent: 50 });
    await agent.addComment({ task: { id: task.id }, body: 'A note' });
    await agent.completeTask({ runId: run!.id, resolution: 'done' });
    await admin.submitVerdict({
      task: { id: task.id },
      round: 1,
      verdict: 'APPROVED',
      reviewer: { name: 'aegis' },
    });
    expect(await admin.task({ ref: { id: task.id } })).toMatchObject({ status: 'DONE', resolution: 'done' });
    const comments: string[] = [];
    for await (const { body } of admin.taskComments({ ref: { id: task.id } })) comments.push(body);
    expect(comments).toContain('A note');
  });

  it('read a list one page at a time, or to its end', async () => {
    const inputs = Array.from({ length: 5 }, (_, index) => ({ title: `Page ${index}`, tags: ['pages'] }));
    await admin.createTasks(inputs);
    const { fetch, sent } = recordFetch();
    const pages = sdkClient(server, { fetch }).tasks({ filter: { tags: ['pages'] }, first: 2 });
    expect((await pages).nodes).toHaveLength(2);
    const titles: string[] = [];
    for await (const { title } of pages) titles.push(title);
    expect(titles.sort()).toEqual(inputs.map(({ title }) => title));
    expect(sent).toHaveLength(4);
    for await (const _first of pages) break;
    expect(sent).toHaveLength(5);
  });

  it('hand a result in and claim the next task in one request, and refuse each on its own', async () => {
    const agent = await sdkAgent(server, 'chain');
    for (const title of ['First', 'Second']) await admin.createTask({ title, assignee: { name: 'chain' } });
    const { run } = await agent.claimNextTask();
    const first = { runId: run!.id, resolution: 'one' };
    const { claimed, completed } = await agent.completeAndClaim({ complete: first, claim: {} });
    expect(completed).toMatchObject({ task: { status: 'REVIEW' } });
    expect(claimed).toMatchObject({ task: { title: 'Second' } });
    const unknown = { runId: 'run_00000000000000000000000000', resolution: 'no' };
    const other = await agent.completeAndClaim({ complete: unknown, claim: {} });
    expect(other).toMatchObject({ completed: { code: 'NOT_FOUND' }, claimed: { reason: 'AT_CAPACITY' } });
  });

  it('name the program and the version in every request', async () => {
    const { fetch, sent } = recordFetch();
    await sdkClient(server, { fetch, name: 'nightly' }).viewer();
    expect(Object.fromEntries(sent[0]!.headers)).toMatchObject({
      'graphql-client-name': 'nightly',
      'user-agent': expect.stringMatching(/^nightly\/\d/),
    });
  });

  it('execute a document of the caller', async () => {
    expect(await admin.request('{ viewer { role } }')).toEqual({ viewer: { role: 'ADMIN' } });
  });

  it('take the address of the endpoint, and one with a path prefix', async () => {
    const { fetch, sent } = recordFetch();
    await sdkClient({ ...server, url: `${server.url}/graphql` }, { fetch }).viewer();
    expect(sent[0]!.url.pathname).toBe('/graphql');
    const behind = sdkClient({ ...server, url: `${server.url}/team/` }, { fetch, retry: { retries: 0 } });
    await behind.viewer().catch(() => undefined);
    expect(sent[1]!.url.pathname).toBe('/team/graphql');
  });
});

describe('a request whose answer was lost', () => {
  it('creates one task, although the server has executed it twice', async () => {
    const link = await openTcpLink(() => server.url);
    link.dropNextAnswer();
    const { task } = await sdkClient({ ...server, url: link.url }, { retry }).createTask({
      title: 'Only once',
    });
    await link.dropped;
    expect(link.opened()).toBe(2);
    expect(task.title).toBe('Only once');
    expect(await countTasks('Only once')).toBe(1);
  });

  it('claims one task', async () => {
    const agent = await sdkAgent(server, 'claimer', { capacity: 5 });
    for (const title of ['A', 'B']) await admin.createTask({ title, assignee: { name: 'claimer' } });
    const link = await openTcpLink(() => server.url);
    const { secret } = await admin.createApiKey({
      name: 'over the link',
      role: 'AGENT',
      agent: { name: 'claimer' },
    });
    link.dropNextAnswer();
    const linked = sdkClient({ url: link.url, adminKey: secret }, { retry });
    const { task } = await linked.claimNextTask();
    expect(task?.title).toBe('A');
    expect((await agent.claimNextTask()).task?.title).toBe('B');
  });

  it('is not repeated if a repeat could do something twice', async () => {
    const link = await openTcpLink(() => server.url);
    link.dropNextAnswer();
    const linked = sdkClient({ ...server, url: link.url }, { retry });
    const call = linked.createApiKey({ name: 'only one', role: 'VIEWER' });
    await expect(call).rejects.toBeInstanceOf(ConnectionError);
    expect(link.opened()).toBe(1);
    const names: string[] = [];
    for await (const { name } of admin.apiKeys({ first: 100 })) names.push(name);
    expect(names.filter((name) => name === 'only one')).toHaveLength(1);
  });

  it('is repeated with the same idempotency key, and with the one of the caller', async () => {
    const unavailable = () => refusal(503, 'UNAVAILABLE');
    const { fetch, sent } = answersFirst(unavailable, unavailable);
    await sdkClient(server, { fetch, retry }).createTask({ title: 'Keyed' });
    const keys = sent.map(({ body }) => JSON.parse(body ?? '').variables.input.idempotencyKey);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    const own = answersFirst();
    await sdkClient(server, { fetch: own.fetch }).createTask({ title: 'Keyed', idempotencyKey: 'mine' });
    expect(own.sent[0]!.body).toContain('"idempotencyKey":"mine"');
  });
});

describe('a request that the server refuses for the moment', () => {
  it('is repeated after the time that Retry-After asks for, also a mutation without a key', async () => {
    const { fetch, sent } = answersFirst(() => refusal(429, 'RATE_LIMITED', { 'retry-after': '1' }));
    const startedAt = performance.now();
    await sdkClient(server, { fetch, retry }).createApiKey({ name: 'patient', role: 'VIEWER' });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(990);
    expect(sent).toHaveLength(2);
  });

  it('throws the last refusal when the repeats are used up', async () => {
    const limited = Array.from({ length: 5 }, () => () => refusal(429, 'RATE_LIMITED'));
    const { fetch, sent } = answersFirst(...limited);
    const call = sdkClient(server, { fetch, retry }).viewer();
    await expect(call).rejects.toBeInstanceOf(RateLimitedError);
    expect(sent).toHaveLength(4);
  });

  it('is repeated after a 408: a slow network did not bring the request to the server in time', async () => {
    const { fetch, sent } = answersFirst(() => new Response('', { status: 408 }));
    await sdkClient(server, { fetch, retry }).viewer();
    expect(sent).toHaveLength(2);
  });

  it('is not repeated as an unsafe mutation, since a proxy may have passed it on', async () => {
    const { fetch, sent } = answersFirst(() => new Response('Bad Gateway', { status: 502 }));
    const call = sdkClient(server, { fetch, retry }).createApiKey({ name: 'no', role: 'VIEWER' });
    await expect(call).rejects.toBeInstanceOf(UnavailableError);
    expect(sent).toHaveLength(1);
  });

  it('is repeated by a document of the caller only if it is a query', async () => {
    const query = answersFirst(() => refusal(503, 'UNAVAILABLE'));
    await sdkClient(server, { fetch: query.fetch, retry }).request('{ viewer { role } }');
    expect(query.sent).toHaveLength(2);
    const mutation = answersFirst(() => refusal(503, 'UNAVAILABLE'));
    const document = 'mutation { disconnectAgent(input: {}) { errors { code } } }';
    const call = sdkClient(server, { fetch: mutation.fetch, retry }).request(document);
    await expect(call).rejects.toBeInstanceOf(UnavailableError);
    expect(mutation.sent).toHaveLength(1);
  });
});

describe('a server that is not there', () => {
  it('is reported with its address, and also mutations without a key are tried again', async () => {
    const url = `http://127.0.0.1:${UNUSED_PORT}`;
    const { fetch, sent } = recordFetch();
    const call = sdkClient({ ...server, url }, { fetch, retry }).createApiKey({ name: 'x', role: 'VIEWER' });
    await expect(call).rejects.toThrow(`${url}/graphql cannot be reached`);
    expect(sent).toHaveLength(4);
  });
});

describe('a signal', () => {
  it('ends a waiting claim at once, with its reason', async () => {
    const agent = await sdkAgent(server, 'waiter');
    const controller = new AbortController();
    const claim = agent.claimNextTask({ waitSeconds: 60 }, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(claim).rejects.toThrow('enough');
  });

  it('ends the pause before a repeat, and prevents a request if it is aborted already', async () => {
    const controller = new AbortController();
    const { fetch, sent } = answersFirst(() => {
      queueMicrotask(() => controller.abort(new Error('stop')));
      return refusal(503, 'UNAVAILABLE', { 'retry-after': '3600' });
    });
    const client = sdkClient(server, { fetch });
    await expect(client.viewer({ signal: controller.signal })).rejects.toThrow('stop');
    await expect(client.viewer({ signal: controller.signal })).rejects.toThrow('stop');
    expect(sent).toHaveLength(1);
  });
});

describe('the options of a call', () => {
  it('replace the retries and the time limit of the client for that call', async () => {
    const { fetch, sent } = recordFetch();
    const away = sdkClient({ ...server, url: `http://127.0.0.1:${UNUSED_PORT}` }, { fetch, retry });
    await expect(away.viewer({ retries: 0 })).rejects.toBeInstanceOf(ConnectionError);
    expect(sent).toHaveLength(1);
    const link = await openTcpLink(() => server.url);
    link.freeze();
    const linked = sdkClient({ ...server, url: link.url });
    await expect(linked.viewer({ retries: 0, timeoutMs: 150 })).rejects.toThrow(
      'did not answer within 150 ms',
    );
  });
});

describe('a server that does not answer', () => {
  it('is given up after the time limit, on top of what a claim waits', async () => {
    const link = await openTcpLink(() => server.url);
    link.freeze();
    const linked = sdkClient(
      { ...server, url: link.url },
      { timeoutMs: 200, retry: { retries: 1, maxPauseMs: 1 } },
    );
    await expect(linked.viewer()).rejects.toThrow('did not answer within 200 ms');
    expect(link.opened()).toBeGreaterThan(1);
  });
});
