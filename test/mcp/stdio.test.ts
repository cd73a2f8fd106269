import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../src/sdk/index.js';
import { createMc, type Mc, mcPath } from '../support/cli/mc.js';
import { type McpClient, type Revision, revisions, startMcp } from '../support/mcp/mcp-client.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { sdkClient } from '../support/servers/sdk-client.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';

let database: TestDatabase;
let server: ServerProcess;
let mc: Mc;
let admin: Client;
const open: McpClient[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startServer({ databaseUrl: database.url });
  mc = await createMc(server);
  admin = sdkClient(server);
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()));
});

afterAll(async () => {
  await server?.stop();
  await database?.drop();
});

/** An MCP client with a key of its own agent. */
async function agentOf(name: string, revision: Revision = '2026-07-28', role?: string): Promise<McpClient> {
  await admin.registerAgent({ name, acceptsInbox: false, role });
  const { secret } = await admin.createApiKey({ name: `key of ${name}`, role: 'AGENT', agent: { name } });
  return started({ ...mc.env, MC_API_KEY: secret }, revision);
}

async function started(env: Readonly<Record<string, string>>, revision: Revision = '2026-07-28') {
  const client = await startMcp(env, revision);
  open.push(client);
  return client;
}

const taskFor = async (name: string) =>
  (await admin.createTask({ title: `Work of ${name}`, assignee: { name } })).task;

const statusOf = async (id: string) => (await admin.task({ ref: { id } }))?.status;

describe.each(revisions)('mc mcp with protocol revision %s', (revision) => {
  it('takes an agent from the claim to the verdict', async () => {
    const worker = `worker-${revision}`;
    const agent = await agentOf(worker, revision);
    const reviewer = await agentOf(`judge-${revision}`, revision, 'reviewer');
    expect(agent.client.getNegotiatedProtocolVersion()).toBe(revision);
    const { id, ref } = await taskFor(worker);

    const claim = await agent.call('claim_next_task');
    expect(claim.data).toMatchObject({ reason: 'ASSIGNED', task: { ref }, run: { number: 1 } });
    expect(JSON.parse(claim.text)).toEqual(claim.data);
    const run = claim.data.run.id;
    await agent.call('report_progress', { run, message: 'Half of it', percent: 50 });
    const done = await agent.call('complete_task', { run, resolution: 'It is done.' });
    expect(done.data).toMatchObject({ task: { ref, status: 'REVIEW', assignee: worker } });

    const review = await reviewer.call('claim_next_review', { waitSeconds: 5 });
    expect(review.data).toMatchObject({ task: { ref }, round: 1 });
    expect(review.data.prompt).toContain('It is done.');
    const verdict = await reviewer.call('submit_verdict', { task: ref, round: 1, verdict: 'approved' });
    expect(verdict.data).toMatchObject({ task: { status: 'DONE' } });
    expect(await statusOf(id)).toBe('DONE');
  });
});

describe('mc mcp', () => {
  it('lets one session claim, ask, hand in and review', async () => {
    await admin.registerAgent({ name: 'asker', acceptsInbox: false });
    await admin.registerAgent({ name: 'asker-judge', role: 'reviewer' });
    const session = await started(mc.env);
    const { id, ref } = await taskFor('asker');
    const claim = () => session.call('claim_next_task', { agent: 'asker', waitSeconds: 5 });
    const first = await claim();
    const asked = await session.call('ask_person', { run: first.data.run.id, text: 'Which database?' });
    expect(asked.data.task.status).toBe('INPUT_REQUIRED');
    await admin.answerQuestion({ id: asked.data.question.id, answer: { text: 'PostgreSQL' } });
    const again = await claim();
    expect(again.data).toMatchObject({ task: { id }, questions: [{ answer: { text: 'PostgreSQL' } }] });
    const handedIn = { run: again.data.run.id, resolution: 'It runs on PostgreSQL.' };
    expect((await session.call('complete_task', handedIn)).data.task.status).toBe('REVIEW');
    const review = await session.call('claim_next_review', { agent: 'asker-judge', waitSeconds: 5 });
    expect(review.data).toMatchObject({ task: { ref }, round: 1 });
    const verdict = { task: ref, round: 1, verdict: 'APPROVED', reviewer: 'asker-judge' };
    expect((await session.call('submit_verdict', verdict)).data.task.status).toBe('DONE');
  });

  it('gives the task of a client back when the client closes its connection', async () => {
    const agent = await agentOf('leaving');
    const other = await agentOf('staying');
    const { id } = await taskFor('leaving');
    await taskFor('staying');
    await agent.call('claim_next_task');
    const kept = await other.call('claim_next_task');
    await agent.close();
    await expect.poll(() => statusOf(id)).toBe('ASSIGNED');
    const task = await admin.task({ ref: { id } });
    expect(task).toMatchObject({ dispatchAttempts: 0, runs: { nodes: [{ outcome: 'RELEASED' }] } });
    expect(await statusOf(kept.data.task.id)).toBe('IN_PROGRESS');
  });

  it('gives the task back when its process gets a signal', async () => {
    const agent = await agentOf('signalled');
    const { id } = await taskFor('signalled');
    await agent.call('claim_next_task');
    process.kill(agent.pid ?? 0, 'SIGTERM');
    await expect.poll(() => statusOf(id)).toBe('ASSIGNED');
  });

  it('gives the task back when the client dies', async () => {
    await admin.registerAgent({ name: 'dying', acceptsInbox: false });
    const { id } = await taskFor('dying');
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call' };
    const params = { name: 'claim_next_task', arguments: { agent: 'dying' } };
    // The client is a program between this test and the server, so that it can be killed.
    const script = `
      const child = require('child_process').spawn(process.execPath, [${JSON.stringify(mcPath)}, 'mcp'], { stdio: ['pipe', 'inherit', 'inherit'] });
      child.stdin.write(${JSON.stringify(`${JSON.stringify({ ...call, params })}\n`)});
      setInterval(() => {}, 1000);`;
    const client = spawn(process.execPath, ['-e', script], { env: { ...mc.env } });
    await expect.poll(() => statusOf(id), { timeout: 10_000 }).toBe('IN_PROGRESS');
    client.kill('SIGKILL');
    await once(client, 'exit');
    await expect.poll(() => statusOf(id), { timeout: 10_000 }).toBe('ASSIGNED');
  });

  it('goes on after lines that are no messages, with one line about it on standard error', async () => {
    const ping = { jsonrpc: '2.0', id: 7, method: 'ping' };
    const stdin = ['garbage', '{"jsonrpc":"2.0"}', JSON.stringify(ping), ''].join('\n');
    const { stdout, stderr } = await mc.run(['mcp'], { stdin });
    expect(JSON.parse(stdout)).toMatchObject({ id: 7, result: {} });
    // A line that is no JSON is left out in silence: programs print such lines when they start.
    expect(stderr).toMatch(/^✕ .* no message of the protocol.*\n$/);
  });

  it('waits for the result of a delegated task without missing an event', async () => {
    const lead = await started(mc.env);
    const agent = await agentOf('helper');
    const delegated = await lead.call('delegate_task', { title: 'Count the words', assignee: 'helper' });
    const { task, cursor } = delegated.data;
    const { data } = await agent.call('claim_next_task', { wait_seconds: '5' });
    await agent.call('complete_task', { run: data.run.id, resolution: '42' });
    const seen = await lead.call('wait_for_events', { task: task.ref, after: cursor });
    expect(seen.data.events.map(({ type }: { type: string }) => type)).toContain('task.created');
    const atOnce = await lead.call('wait_for_events', { task: task.ref, after: cursor, waitSeconds: 0 });
    expect(atOnce.data).toEqual({ events: seen.data.events, cursor: seen.data.cursor });
    const none = await lead.call('wait_for_events', { types: ['pipeline'], waitSeconds: 0 });
    expect(none).toMatchObject({ isError: false, data: { events: [], cursor: expect.any(String) } });
    const unknown = await lead.call('wait_for_events', { task: 'TASK-99999', after: cursor, waitSeconds: 0 });
    expect(unknown).toMatchObject({ isError: true, text: expect.stringContaining('TASK-99999') });
    expect((await lead.call('get_task', { task: task.ref })).data.task).toMatchObject({ resolution: '42' });
  });
});
