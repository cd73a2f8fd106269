import { type FetchLike, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EndpointLimits, McpEndpoint } from '../../src/mcp/http.js';
import { toolList } from '../../src/mcp/tool-list.js';
import type { Client, TypedDocument } from '../../src/sdk/index.js';
import { createEndpoint, inTurn } from '../support/mcp/endpoints.js';
import { hostile } from '../support/mcp/hostile.js';
import { connect, type McpClient, type Revision, revisions } from '../support/mcp/mcp-client.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { sdkClient } from '../support/servers/sdk-client.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';

let database: TestDatabase;
let server: ServerProcess;
let admin: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startServer({ databaseUrl: database.url, env: { MC_BASE_PATH: '/fleet' } });
  admin = sdkClient(server);
});

afterAll(async () => {
  await server?.stop();
  await database?.drop();
});

function connectWith(key: string, revision: Revision = '2026-07-28'): Promise<McpClient> {
  const headers = { authorization: `Bearer ${key}` };
  return connect(
    new StreamableHTTPClientTransport(new URL('/mcp', server.url), { requestInit: { headers } }),
    revision,
  );
}

async function keyOf(role: 'AGENT' | 'VIEWER', agent?: string): Promise<string> {
  const { secret } = await admin.createApiKey({ name: role, role, ...(agent && { agent: { name: agent } }) });
  return secret;
}

describe.each(revisions)('/mcp with protocol revision %s', (revision) => {
  it('claims and hands in with the key as bearer token', async () => {
    const name = `http-${revision}`;
    await admin.registerAgent({ name, acceptsInbox: false });
    const { ref } = (await admin.createTask({ title: name, assignee: { name } })).task;
    const agent = await connectWith(await keyOf('AGENT', name), revision);
    expect((await agent.client.listTools()).tools).toHaveLength(toolList.length);
    const { data } = await agent.call('claim_next_task', { waitSeconds: 5 });
    expect(data.task.ref).toBe(ref);
    const done = await agent.call('complete_task', { run: data.run.id, resolution: 'Done.' });
    expect(done.data.task.status).toBe('REVIEW');
    const again = await agent.call('complete_task', { run: data.run.id, resolution: 'Another result.' });
    expect(again).toMatchObject({ isError: true });
    await agent.close();
  });
});

describe('/mcp', () => {
  it.each(['/mcp', '/fleet/mcp'])('answers at %s under a path prefix', async (path) => {
    const headers = { authorization: `Bearer ${server.adminKey}` };
    const transport = new StreamableHTTPClientTransport(new URL(path, server.url), {
      requestInit: { headers },
    });
    const { client, close } = await connect(transport, '2025-11-25');
    expect((await client.listTools()).tools).toHaveLength(toolList.length);
    await close();
  });

  it('refuses a request without a valid key', async () => {
    const answer = await fetch(new URL('/mcp', server.url), { method: 'POST', body: '{}' });
    expect(answer.status).toBe(401);
    await expect(connectWith('mc_wrong', '2025-11-25')).rejects.toThrow();
  });

  it('refuses a viewer what the API refuses a viewer', async () => {
    const viewer = await connectWith(await keyOf('VIEWER'));
    const refused = await viewer.call('create_task', { title: 'Not mine to create' });
    expect(refused).toMatchObject({ isError: true });
    expect(refused.text).toMatch(/^FORBIDDEN: .*ask a person for another key\.$/);
    expect((await viewer.call('list_tasks')).isError).toBe(false);
    await viewer.close();
  });

  it('answers hostile arguments with errors that say what is wrong', async () => {
    const client = await connectWith(server.adminKey);
    for (const { name } of toolList)
      for (const given of hostile) {
        const { isError, text } = await client.call(name, { waitSeconds: 0, ...given });
        expect(isError ? text : '').not.toMatch(/failed unexpectedly|undefined/);
      }
    await expect(client.call('no_such_tool')).rejects.toThrow('There is no tool "no_such_tool".');
    expect(server.log().filter(({ level }) => level === 'error')).toEqual([]);
    await client.close();
  });
});

const endpointWith = (limits: Partial<EndpointLimits>) => createEndpoint(server.url, limits);

/** A client of 2025-11-25 whose streams the test can break off, with the task that it has claimed. */
async function claimantOf(endpoint: McpEndpoint, name: string, revision: Revision = '2025-11-25') {
  await admin.registerAgent({ name, acceptsInbox: false });
  const { task } = await admin.createTask({ title: name, assignee: { name } });
  const key = await keyOf('AGENT', name);
  const gone = new AbortController();
  let streams = 0;
  let calls = 0;
  const send: FetchLike = async (url, init) => {
    const signals = [gone.signal, ...(init?.signal ? [init.signal] : [])];
    const request = new Request(url, { ...init, signal: AbortSignal.any(signals) });
    calls += 1;
    const answer = await endpoint.answer(request, key);
    if (request.method === 'GET' && answer.ok) streams += 1;
    return answer;
  };
  const transport = new StreamableHTTPClientTransport(new URL('/mcp', server.url), { fetch: send });
  const client = await connect(transport, revision);
  if (revision === '2025-11-25') await expect.poll(() => streams).toBe(1);
  const claimed = await client.call('claim_next_task');
  expect(claimed.data.task.id).toBe(task.id);
  const found = async () => await admin.task({ ref: { id: task.id } });
  return {
    ...{ client, key, transport, gone },
    calls: () => calls,
    status: async () => (await found())?.status,
    leaseEnd: async () => (await found())?.currentRun?.leaseExpiresAt ?? '',
  };
}

describe('a session of /mcp', () => {
  it('has an id and a stream of events, belongs to one key, and ends with DELETE: the claim returns', async () => {
    const endpoint = endpointWith({});
    const { status, transport, key, client } = await claimantOf(endpoint, 'session');
    const id = transport.sessionId ?? '';
    expect(id).toMatch(/^[\w-]{20,}$/);
    await transport.terminateSession();
    expect(await status()).toBe('ASSIGNED');
    expect(await answerOf(key, id, (request) => endpoint.answer(request, key))).toBe(404);
    await client.close();
  });

  it('belongs to its key, and has an id that only a server can make', async () => {
    const agent = await connectWith(server.adminKey, '2025-11-25');
    const id = (agent.client.transport as StreamableHTTPClientTransport).sessionId ?? '';
    expect(await answerOf(server.adminKey, id)).toBe(200);
    expect(await answerOf(await keyOf('VIEWER'), id)).toBe(404);
    expect(await answerOf(server.adminKey, 'made-up')).toBe(404);
    expect(await answerOf(server.adminKey, `${id.slice(0, -1)}${id.endsWith('A') ? 'B' : 'A'}`)).toBe(404);
    await agent.close();
  });

  it('renews leases while its stream is open, and gives the claim back when the client dies', async () => {
    const endpoint = endpointWith({ idleMs: 1_000, withoutStreamMs: 500, renewMs: 200 });
    const { status, leaseEnd, gone } = await claimantOf(endpoint, 'dying');
    for (let renewals = 0, last = await leaseEnd(); renewals < 6; renewals += 1) {
      await expect.poll(leaseEnd).not.toBe(last);
      last = await leaseEnd();
    }
    expect(await status()).toBe('IN_PROGRESS');
    gone.abort();
    await expect.poll(status).toBe('ASSIGNED');
  });

  it('leaves the claim alone when its stream goes on at another process', async () => {
    const [first, second] = [endpointWith({ withoutStreamMs: 400 }), endpointWith({})];
    const moving = await claimantOf(first, 'moving');
    const dying = await claimantOf(first, 'left-behind');
    moving.gone.abort();
    const headers = { accept: 'text/event-stream', 'mcp-session-id': moving.transport.sessionId ?? '' };
    const stream = new Request(new URL('/mcp', server.url), { headers });
    expect((await second.answer(stream, moving.key)).status).toBe(200);
    dying.gone.abort();
    await expect.poll(dying.status).toBe('ASSIGNED');
    expect(await moving.status()).toBe('IN_PROGRESS');
  });

  it('renews the lease of a claimed review, and gives it back when it is released or its session ends', async () => {
    await admin.registerAgent({ name: 'author', acceptsInbox: false });
    await admin.createTask({ title: 'To judge', assignee: { name: 'author' } });
    const { run } = await admin.claimNextTask({ agent: { name: 'author' } });
    await admin.completeTask({ runId: run?.id ?? '', resolution: 'Done.' });
    const endpoint = endpointWith({});
    const send: FetchLike = (url, init) => endpoint.answer(new Request(url, init), server.adminKey);
    const transport = new StreamableHTTPClientTransport(new URL('/mcp', server.url), { fetch: send });
    const client = await connect(transport, '2025-11-25');
    await admin.registerAgent({ name: 'judge', role: 'reviewer' });
    const first = (await client.call('claim_next_review', { agent: 'judge' })).data.runId;
    const leaseEnd = (await reviewRun(first)).leaseExpiresAt;
    await expect.poll(async () => (await reviewRun(first)).leaseExpiresAt).not.toBe(leaseEnd);
    const released = await client.call('release_task', { run: first, reason: 'Not my field' });
    expect(released.data.task.status).toBe('REVIEW');
    const second = (await client.call('claim_next_review', { agent: 'judge' })).data.runId;
    await transport.terminateSession();
    expect((await reviewRun(second)).outcome).toBe('RELEASED');
    await client.close();
  });

  it('makes room for a new one by ending the one that is idle longest, unless it holds runs', async () => {
    const endpoint = endpointWith({ maxSessions: 1 });
    const { client } = await claimantOf(endpoint, 'holding');
    await expect(claimantOf(endpoint, 'refused')).rejects.toThrow('Too many sessions are open');
    await client.close();
  });
});

describe.each(revisions)(
  'several processes behind a load balancer, with protocol revision %s',
  (revision) => {
    it('take the requests of one client in turn', async () => {
      const name = `balanced-${revision}`;
      await admin.registerAgent({ name, acceptsInbox: false });
      const { task } = await admin.createTask({ title: name, assignee: { name } });
      const places = [endpointWith({}), endpointWith({}), endpointWith({})];
      const client = await connect(inTurn(places, await keyOf('AGENT', name)), revision);
      const { run } = (await client.call('claim_next_task')).data;
      for (const percent of [10, 20, 30, 40]) {
        const report = await client.call('report_progress', { run: run.id, message: 'Working', percent });
        expect(report).toMatchObject({ isError: false });
      }
      const done = await client.call('complete_task', { run: run.id, resolution: 'Done.' });
      expect(done.data.task).toMatchObject({ ref: task.ref, status: 'REVIEW' });
      await client.close();
    });

    it('let one of them forget a run that the client goes on with at another one', async () => {
      const name = `moved-${revision}`;
      await admin.registerAgent({ name, acceptsInbox: false });
      const { task } = await admin.createTask({ title: name, assignee: { name } });
      const first = endpointWith({ idleMs: 300, withoutStreamMs: 300, renewMs: 200 });
      const places = [first];
      const client = await connect(inTurn(places, await keyOf('AGENT', name)), revision);
      const { run } = (await client.call('claim_next_task')).data;
      places.splice(0, 1, endpointWith({}));
      await client.call('report_progress', { run: run.id, message: 'At another process' });
      const leaseEnd = async () => (await admin.task({ ref: { id: task.id } }))?.currentRun?.leaseExpiresAt;
      // The time of the first one is over long before that.
      for (let renewals = 0, last = await leaseEnd(); renewals < 20; renewals += 1) {
        await expect.poll(leaseEnd).not.toBe(last);
        last = await leaseEnd();
        expect(last).toEqual(expect.any(String));
      }
      await client.close();
    });
  },
);

describe('a client of /mcp without a session', () => {
  it('keeps its claim while it sends requests, and gives it back when it is idle', async () => {
    const endpoint = endpointWith({ idleMs: 400 });
    const { client, status, leaseEnd } = await claimantOf(endpoint, 'idle', '2026-07-28');
    const claimed = await leaseEnd();
    await expect.poll(leaseEnd).not.toBe(claimed);
    await client.call('queue_status');
    await expect.poll(status).toBe('ASSIGNED');
  });

  it('gets the end of a call that waits when the server stops, and its lease goes on', async () => {
    const endpoint = endpointWith({});
    const { client, status, calls } = await claimantOf(endpoint, 'stopped', '2026-07-28');
    const before = calls();
    const waiting = client.call('wait_for_events', { types: ['pipeline'] }).catch(() => null);
    await expect.poll(calls).toBe(before + 1);
    await endpoint.stop();
    expect((await waiting)?.isError ?? true).toBe(true);
    expect(await status()).toBe('IN_PROGRESS');
  });
});

async function reviewRun(id: string) {
  const found = await admin.request(REVIEW_RUN, { id });
  return found.node;
}

const REVIEW_RUN: TypedDocument<
  { readonly node: { readonly outcome: string; readonly leaseExpiresAt: string | null } },
  { readonly id: string }
> = 'query($id: ID!) { node(id: $id) { ... on ReviewRun { outcome leaseExpiresAt } } }';

/** The status of a list of tools in a session. */
async function answerOf(
  key: string,
  sessionId: string,
  send: (request: Request) => Promise<Response> = fetch,
): Promise<number> {
  const request = new Request(new URL('/mcp', server.url), {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-session-id': sessionId,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  });
  const answer = await send(request);
  await answer.text();
  return answer.status;
}
