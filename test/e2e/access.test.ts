import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { blockEvents } from '../support/postgres/blocker.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { reportMs } from '../support/runner/measurements.js';
import { type Client, createClient } from '../support/servers/client.js';
import { watchWithKeyThatEnds } from '../support/servers/expiring-key.js';
import {
  type Agent,
  anAgent,
  aTask,
  claim,
  claimWork,
  codeOf,
  complete,
  createKey,
  type Key,
  reportProgress,
  revokeKey,
} from '../support/servers/fleet.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';
import { untilLive, watchOverSse, watchOverWebSocket } from '../support/wires/event-streams.js';
import { RawSocket } from '../support/wires/raw-socket.js';
import { listMutations } from '../support/wires/schema-calls.js';

const viewer = '{ viewer { role } }';

let database: TestDatabase;
let servers: ServerProcess[] = [];
let admin: Client;
/** A client with the same key on the other process. */
let otherAdmin: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  servers = await Promise.all([1, 2].map(() => startServer({ databaseUrl: database.url })));
  admin = createClient(servers[0]!);
  otherAdmin = createClient(servers[1]!);
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await database.drop();
});

describe('a request without a valid key', () => {
  it.each([
    ['no header', {}],
    ['an empty header', { authorization: '' }],
    ['another scheme', { authorization: 'Basic YTpi' }],
    ['an unknown key', { authorization: 'Bearer mc_unknown' }],
    ['a key with a suffix', { authorization: 'Bearer mc_admin_of_the_end_to_end_tests x' }],
  ])('is answered with 401 for %s, over HTTP and as a stream', async (_case, headers) => {
    for (const accept of ['application/json', 'text/event-stream']) {
      const response = await fetch(`${admin.url()}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept, ...headers },
        body: JSON.stringify({ query: viewer }),
      });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toContain('Bearer');
      const { errors, ...rest } = (await response.json()) as { errors: { extensions: object }[] };
      expect(errors.map(({ extensions }) => extensions)).toEqual([{ code: 'UNAUTHENTICATED' }]);
      expect(rest).toEqual({});
    }
  });

  it.each([undefined, 'Bearer mc_unknown', 7])(
    'is closed with 4401 over a WebSocket that says %s',
    async (authorization) => {
      const socket = await RawSocket.open(admin.url());
      socket.init(authorization);
      expect(await socket.closed).toMatchObject({ code: 4401 });
      expect(socket.messages).toEqual([]);
    },
  );
});

describe('a key that ends', () => {
  it('is refused once it has expired, and its streams end', async () => {
    const { key, expiresAt, ended } = await watchWithKeyThatEnds(admin);
    for (const { errors } of await ended)
      expect(errors[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
    for (const client of [admin, otherAdmin])
      expect((await client.with(key.secret).send(viewer)).status).toBe(401);
  });

  it.each([
    ['the same process', 0],
    ['the other process', 1],
  ])('ends its streams when it is revoked through %s', async (where, revokingOn) => {
    const key = await createKey(admin, { name: 'to be revoked', role: 'OPERATOR' });
    const client = admin.with(key.secret);
    const streams = [watchOverWebSocket(client), watchOverSse(client)];
    await untilLive(client, streams);
    const revokedAt = performance.now();
    await revokeKey([admin, otherAdmin][revokingOn]!, key.id);
    const lasted = await Promise.all(
      streams.map(async ({ ended }) => {
        expect((await ended).errors[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED' });
        return performance.now() - revokedAt;
      }),
    );
    reportMs(`streams of a key, from its revocation through ${where}`, lasted);
    expect(Math.max(...lasted)).toBeLessThan(10_000);
    for (const one of [client, otherAdmin.with(key.secret)])
      await vi.waitFor(async () => expect(await one.send(viewer)).toMatchObject({ status: 401 }), 20_000);
  });

  it('opens no stream after its revocation was answered, even before the log shows it', async () => {
    const key = await createKey(admin, { name: 'for one request', role: 'OPERATOR' });
    const client = admin.with(key.secret);
    expect((await client.send(viewer)).status).toBe(200);
    const log = await blockEvents(database.url);
    await revokeKey(admin, key.id);
    const { status } = await client.send(viewer);
    await log.release();
    expect(status).toBe(401);
  });

  it('starts no operation on a socket that was opened before its revocation', async () => {
    const key = await createKey(admin, { name: 'on an open socket', role: 'ADMIN' });
    const socket = await RawSocket.open(admin.url());
    socket.init(`Bearer ${key.secret}`);
    await vi.waitFor(
      () => expect(socket.messages.map(({ type }) => type)).toEqual(['connection_ack']),
      20_000,
    );
    socket.subscribe('1', viewer);
    await vi.waitFor(
      () => expect(socket.of('1').map(({ type }) => type)).toEqual(['next', 'complete']),
      20_000,
    );
    await revokeKey(admin, key.id);
    socket.subscribe('2', '{ apiKeys(first: 1) { nodes { name } } }');
    expect(await socket.closed).toMatchObject({ code: 4401 });
    expect(socket.of('2')).toEqual([]);
  });

  it('gets no task from a claim that was waiting when the key was revoked', async () => {
    const agent = await anAgent(admin, 'revoked-while-waiting');
    const key = await createKey(admin, { name: 'waiting', role: 'AGENT', agent: { name: agent.name } });
    const waiting = claim(admin.with(key.secret), { waitSeconds: 20 }).then(
      ({ task }) => task?.id ?? 'no task',
      (error: { code: string }) => error.code,
    );
    // The answer to this request comes after the first check of the claim that was sent before.
    await claim(agent.client);
    await revokeKey(otherAdmin, key.id);
    const task = await aTask(admin, { assignee: { name: agent.name } });
    expect(await waiting).toMatch(/^(no task|UNAUTHENTICATED)$/);
    expect((await claimWork(agent.client)).taskId).toBe(task.id);
  });
});

describe('the key of an agent', () => {
  let worker: Agent;
  let stranger: Agent;

  beforeAll(async () => {
    worker = await anAgent(admin, 'worker', 10);
    stranger = await anAgent(admin, 'stranger', 10);
  });

  it('claims only as its own agent', async () => {
    const task = await aTask(admin, { assignee: { name: worker.name } });
    for (const agent of [{ name: worker.name }, { id: worker.id }]) {
      await expect(claim(stranger.client, { agent })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    }
    expect((await claimWork(worker.client, { agent: { name: worker.name } })).taskId).toBe(task.id);
  });

  it('can do nothing with the run of another agent, and changes nothing', async () => {
    const task = await aTask(admin, { assignee: { name: worker.name } });
    const { runId } = await claimWork(worker.client);
    const before = await readTask(admin, task.id);
    const attempts = {
      completeTask: { runId, resolution: 'stolen' },
      failTask: { runId, error: 'sabotage' },
      releaseTask: { runId },
      reportProgress: { runId, message: 'boo' },
      renewLease: { runId },
    };
    for (const [name, input] of Object.entries(attempts)) {
      expect([name, await codeOf(stranger.client, name, input)]).toEqual([name, 'NOT_FOUND']);
    }
    expect(await readTask(admin, task.id)).toEqual(before);
    await reportProgress(worker.client, runId, 'still mine');
    expect(await complete(worker.client, { runId, resolution: 'mine' })).toBe('REVIEW');
  });

  it('completes and fails only by its run, not by the task', async () => {
    const task = await aTask(admin, { assignee: { name: worker.name } });
    await claimWork(worker.client);
    const named = { task: { id: task.id } };
    expect(await codeOf(worker.client, 'completeTask', { ...named, resolution: 'x' })).toBe('FORBIDDEN');
    expect(await codeOf(worker.client, 'failTask', { ...named, error: 'x' })).toBe('FORBIDDEN');
    expect((await readTask(admin, task.id)).status).toBe('IN_PROGRESS');
  });

  it('never judges its own work, even by claiming the review or naming another reviewer', async () => {
    const task = await aTask(admin, { assignee: { name: worker.name } });
    const { runId } = await claimWork(worker.client);
    await complete(worker.client, { runId, resolution: 'judge me' });
    const verdict = { task: { id: task.id }, verdict: 'APPROVED' };
    await worker.client.send('mutation { claimNextReview(input: {}) { task { id } } }');
    expect(await codeOf(worker.client, 'submitVerdict', verdict)).toBe('SELF_REVIEW');
    const asStranger = { ...verdict, reviewer: { name: stranger.name } };
    expect(await codeOf(worker.client, 'submitVerdict', asStranger)).toBe('FORBIDDEN');
    const asWorker = { ...verdict, reviewer: { name: worker.name } };
    expect(await codeOf(admin, 'submitVerdict', asWorker)).toBe('SELF_REVIEW');
    expect((await readTask(admin, task.id)).status).toBe('REVIEW');
    expect(await codeOf(admin, 'submitVerdict', verdict)).toBe('done');
  });

  it('of the coordinator sees tasks that wait for a verdict, and can comment on them', async () => {
    const task = await aTask(admin, { assignee: { name: worker.name } });
    const { runId } = await claimWork(worker.client);
    const coordinator = await anAgent(admin, 'aegis');
    const comment = { task: { id: task.id }, body: 'Looking at it' };
    expect(await codeOf(coordinator.client, 'addComment', comment)).toBe('NOT_FOUND');
    await complete(worker.client, { runId, resolution: 'have a look' });
    expect((await readTask(coordinator.client, task.id)).status).toBe('REVIEW');
    expect(await codeOf(coordinator.client, 'addComment', comment)).toBe('done');
  });

  it('sees its own tasks and runs, and none of others by id, in lists or in the log', async () => {
    const task = await aTask(admin, { title: 'Only for the worker', assignee: { name: worker.name } });
    const { runId } = await claimWork(worker.client);
    const look = `query ($id: ID!, $runId: ID!) {
      task(ref: { id: $id }) { title } node(id: $runId) { id } nodes(ids: [$id]) { id }
      tasks(first: 100) { nodes { id } } events(last: 100) { nodes { ... on TaskCreatedEvent { task { id } } } }
    }`;
    const seenBy = async (client: Client) => client.send(look, { id: task.id, runId });
    expect((await seenBy(worker.client)).text).toContain(task.id);
    expect((await seenBy(worker.client)).text).toContain(runId);
    const strange = await seenBy(stranger.client);
    expect(strange.data).toMatchObject({ task: null, node: null, nodes: [null] });
    expect(strange.text).not.toContain(task.id);
    expect(strange.text).not.toContain(runId);
  });
});

describe('the key of a role', () => {
  it('that only reads can run no mutation but that of its own sign-in link, which changes nothing', async () => {
    const { secret } = await createKey(admin, { name: 'reader', role: 'VIEWER' });
    for (const { name, document } of listMutations().filter((each) => each.name !== 'createSignInLink')) {
      const { data, errors } = await admin.with(secret).send(document);
      expect([name, errors?.[0]?.extensions?.code, data ?? null]).toEqual([name, 'FORBIDDEN', null]);
    }
  });

  it.each(['VIEWER', 'OPERATOR', 'AGENT'])(
    '%s can neither create, nor revoke, nor list keys',
    async (role) => {
      const client = admin.with((await aKeyWithRole(role)).secret);
      const victim = await createKey(admin, { name: 'victim', role: 'VIEWER' });
      for (const query of [
        'mutation { createApiKey(input: { name: "mine", role: ADMIN }) { secret } }',
        `mutation { revokeApiKey(id: "${victim.id}") { apiKey { id } } }`,
        '{ apiKeys(first: 5) { nodes { id } } }',
      ]) {
        const { errors, text } = await client.send(query);
        expect(errors?.[0]?.extensions?.code).toBe('FORBIDDEN');
        expect(text).not.toContain('mc_');
      }
      expect((await admin.with(victim.secret).send(viewer)).status).toBe(200);
    },
  );

  it('never shows a secret again, or anything to derive it from', async () => {
    const key = await createKey(admin, { name: 'secretive', role: 'OPERATOR' });
    const { text } = await admin.send('{ apiKeys(first: 100) { nodes { id name prefix role createdAt } } }');
    expect(text).toContain(key.id);
    expect(text).not.toContain(key.secret);
    expect(key.secret.length).toBeGreaterThan(40);
    const output = servers.map((server) => server.stdout() + server.stderr()).join('');
    expect(output).not.toContain(key.secret);
  });
});

async function aKeyWithRole(role: string): Promise<Key> {
  if (role !== 'AGENT') return createKey(admin, { name: `key of ${role}`, role });
  const agent = await anAgent(admin, 'clerk');
  return { id: '', secret: agent.client.secret };
}

async function readTask(client: Client, id: string): Promise<{ status: string; version: number }> {
  const { task } = await client.ask<{ task: { status: string; version: number } }>(
    `query ($id: ID!) {
      task(ref: { id: $id }) { status version resolution currentRun { id progress outcome leaseExpiresAt } }
    }`,
    { id },
  );
  return task;
}
