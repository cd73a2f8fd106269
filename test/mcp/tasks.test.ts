import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../src/sdk/index.js';
import { createMc, type Mc } from '../support/cli/mc.js';
import { createEndpoint, inTurn } from '../support/mcp/endpoints.js';
import {
  type AnswerForm,
  connect,
  type McpClient,
  type Revision,
  startMcp,
} from '../support/mcp/mcp-client.js';
import { type ModernCall, modernCalls, tasksAndForms } from '../support/mcp/modern-calls.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { sdkAgent, sdkClient } from '../support/servers/sdk-client.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';

let database: TestDatabase;
let server: ServerProcess;
let mc: Mc;
let admin: Client;
let modern: ModernCall;
const open: McpClient[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startServer({ databaseUrl: database.url });
  mc = await createMc(server);
  admin = sdkClient(server);
  modern = modernCalls(server, server.adminKey, tasksAndForms);
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()));
});

afterAll(async () => {
  await server?.stop();
  await database?.drop();
});

const accept: AnswerForm = () => ({ action: 'accept', content: { text: 'PostgreSQL' } });
const decline: AnswerForm = () => ({ action: 'decline' });

async function overStdio(answerForm?: AnswerForm) {
  const client = await startMcp(mc.env, '2025-11-25', answerForm);
  open.push(client);
  return client;
}

async function overHttp(answerForm?: AnswerForm, revision: Revision = '2025-11-25', key = server.adminKey) {
  const headers = { authorization: `Bearer ${key}` };
  const url = new URL('/mcp', server.url);
  const client = await connect(
    new StreamableHTTPClientTransport(url, { requestInit: { headers } }),
    revision,
    answerForm,
  );
  open.push(client);
  return client;
}

const delegation = (assignee: string) => ({
  name: 'delegate_task',
  arguments: { title: `Work for ${assignee}`, assignee },
});

const workerOf = (name: string) => sdkAgent(server, name);

async function claim(worker: Client): Promise<string> {
  const { run } = await worker.claimNextTask({ waitSeconds: 10 });
  return run?.id ?? '';
}

async function finish(worker: Client, id: string): Promise<void> {
  await worker.completeTask({ runId: await claim(worker), resolution: '42' });
  await admin.submitVerdict({ task: { id }, verdict: 'APPROVED' });
}

const done = {
  content: [{ type: 'text' }],
  structuredContent: { task: { status: 'DONE', resolution: '42' } },
};

describe('delegate_task for a client of 2025-11-25 that asks for a task', () => {
  it.each([
    ['standard input and output', overStdio],
    ['HTTP', overHttp],
  ])(
    'asks the person at the client for the worker, and has the result at the end, over %s',
    async (name, start) => {
      const worker = await workerOf(`legacy-${name.length}`);
      const lead = await start(accept);
      const { task } = await lead.request('tools/call', {
        ...delegation(`legacy-${name.length}`),
        task: { ttl: 60_000 },
      });
      expect(task).toMatchObject({ status: 'working', ttl: null, pollInterval: 2_000 });
      const result = lead.request('tasks/result', { taskId: task.taskId });
      await worker.askQuestion({ runId: await claim(worker), text: 'Which database?' });
      await finish(worker, task.taskId);
      expect(await result).toMatchObject({
        ...done,
        _meta: { 'io.modelcontextprotocol/related-task': { taskId: task.taskId } },
      });
      expect(lead.forms).toMatchObject([{ message: expect.stringContaining('asks:\n\nWhich database?') }]);
      expect(await lead.request('tasks/get', { taskId: task.taskId })).toMatchObject({ status: 'completed' });
    },
  );

  it('asks a client that only polls, and leaves a declined question to the people of the server', async () => {
    const worker = await workerOf('polled');
    const lead = await overStdio(decline);
    const { task } = await lead.request('tools/call', { ...delegation('polled'), task: {} });
    const { question } = await worker.askQuestion({ runId: await claim(worker), text: 'Which database?' });
    const state = () => lead.request('tasks/get', { taskId: task.taskId });
    expect(await state()).toMatchObject({
      status: 'input_required',
      statusMessage: 'polled asks: Which database?',
    });
    await expect.poll(() => lead.forms.length).toBe(1);
    expect(await state()).toMatchObject({ status: 'input_required' });
    await admin.answerQuestion({ id: question.id, answer: { text: 'PostgreSQL' } });
    expect(await state()).toMatchObject({ status: 'working' });
    expect(lead.forms).toHaveLength(1);
  });

  it('goes on after a restart of the MCP server, and ends when the client cancels', async () => {
    await workerOf('restarted');
    const first = await overStdio();
    const { task } = await first.request('tools/call', { ...delegation('restarted'), task: {} });
    await first.close();
    const second = await overStdio();
    const { taskId } = task;
    expect(await second.request('tasks/get', { taskId })).toMatchObject({ taskId, status: 'working' });
    expect(await second.request('tasks/cancel', { taskId })).toMatchObject({ taskId, status: 'cancelled' });
    expect((await admin.task({ ref: { id: taskId } }))?.status).toBe('CANCELLED');
    expect(await second.request('tasks/result', { taskId })).toMatchObject({ isError: true });
    await expect(second.request('tasks/cancel', { taskId })).rejects.toMatchObject({ code: -32_602 });
  });

  it('goes on at another process, and after a restart, with the same connection', async () => {
    const worker = await workerOf('moved');
    const places = [createEndpoint(server.url), createEndpoint(server.url)];
    const lead = await connect(inTurn(places, server.adminKey), '2025-11-25');
    open.push(lead);
    const { task } = await lead.request('tools/call', { ...delegation('moved'), task: {} });
    const { taskId } = task;
    for (const _process of places)
      expect(await lead.request('tasks/get', { taskId })).toMatchObject({ taskId, status: 'working' });
    await Promise.all(places.map((place) => place.stop()));
    places.splice(0, places.length, createEndpoint(server.url));
    const result = lead.request('tasks/result', { taskId });
    await finish(worker, taskId);
    expect(await result).toMatchObject(done);
  });

  it('refuses other tools as tasks, and tasks that the key may not see', async () => {
    const lead = await overStdio();
    const call = lead.request('tools/call', { name: 'list_tasks', arguments: {}, task: {} });
    await expect(call).rejects.toMatchObject({ code: -32_601 });
    for (const taskId of ['TASK-1', 'task_00000000000000000000000000'])
      await expect(lead.request('tasks/get', { taskId })).rejects.toMatchObject({ code: -32_602 });
  });
});

describe('delegate_task for a client of 2026-07-28 that knows tasks', () => {
  it('shows the questions of the worker, takes the answers, and has the result at the end', async () => {
    const worker = await workerOf('modern');
    const { result: created } = await modern('tools/call', delegation('modern'));
    expect(created).toMatchObject({ resultType: 'task', status: 'working', ttlMs: null });
    const { taskId } = created;
    const state = async () => (await modern('tasks/get', { taskId })).result;
    const { question } = await worker.askQuestion({ runId: await claim(worker), text: 'Which database?' });
    expect(await state()).toMatchObject({
      status: 'input_required',
      inputRequests: { [question.id]: { method: 'elicitation/create', params: { mode: 'form' } } },
    });
    const answer = { action: 'accept', content: { text: 'PostgreSQL' } };
    const { result } = await modern('tasks/update', { taskId, inputResponses: { [question.id]: answer } });
    expect(result.resultType).toBe('complete');
    expect((await admin.question({ id: question.id }))?.answer?.text).toBe('PostgreSQL');
    await finish(worker, taskId);
    expect(await state()).toMatchObject({ status: 'completed', result: done });
    expect(await modern('tasks/cancel', { taskId })).toMatchObject({ result: { resultType: 'complete' } });
  });

  it('has the failure of the task as an error of the tool', async () => {
    const worker = await workerOf('failing');
    const { taskId } = (await modern('tools/call', delegation('failing'))).result;
    await worker.failTask({ runId: await claim(worker), error: 'No disk', retry: false });
    expect((await modern('tasks/get', { taskId })).result).toMatchObject({
      status: 'completed',
      result: { isError: true, content: [{ text: expect.stringContaining('No disk') }] },
    });
  });

  it('lets the agent that has delegated cancel, and no other one', async () => {
    await workerOf('delegate');
    const keyOf = async (name: string) => {
      await admin.registerAgent({ name, acceptsInbox: false });
      return (await admin.createApiKey({ name, role: 'AGENT', agent: { name } })).secret;
    };
    const lead = modernCalls(server, await keyOf('lead'), tasksAndForms);
    const other = modernCalls(server, await keyOf('other'), tasksAndForms);
    const { taskId } = (await lead('tools/call', delegation('delegate'))).result;
    expect((await other('tasks/cancel', { taskId })).error?.code).toBe(-32_602);
    expect((await lead('tasks/cancel', { taskId })).result.resultType).toBe('complete');
    expect((await lead('tasks/get', { taskId })).result.status).toBe('cancelled');
  });

  it('answers a client without the extension at once, and refuses it the methods of tasks', async () => {
    await workerOf('plain');
    const plain = modernCalls(server, server.adminKey, {});
    const { result } = await plain('tools/call', delegation('plain'));
    expect(result).toMatchObject({
      resultType: 'complete',
      structuredContent: { task: { status: 'ASSIGNED' } },
    });
    const { error } = await plain('tasks/get', { taskId: result.structuredContent.task.id });
    expect(error?.code).toBe(-32_021);
  });
});

describe.each(['2025-11-25', '2026-07-28'] as const)('ask_person with protocol revision %s', (revision) => {
  async function asking(agent: string, answerForm: AnswerForm, key?: string) {
    await admin.registerAgent({ name: agent, acceptsInbox: false });
    const { task } = await admin.createTask({ title: agent, assignee: { name: agent } });
    const client = await overHttp(answerForm, revision, key);
    const claimed = await client.call('claim_next_task', { agent });
    const run = claimed.data.run.id;
    return { task, client, run, ask: (args: object) => client.call('ask_person', { run, ...args }) };
  }

  it('asks the person at the client, keeps the answer, and the run goes on', async () => {
    const { client, run, ask } = await asking(`asks-${revision}`, () => ({
      action: 'accept',
      content: { choice: 'pg' },
    }));
    const { data } = await ask({ text: 'Which one?', choices: ['pg=PostgreSQL', 'lite=SQLite'] });
    expect(data).toMatchObject({ answer: { choices: ['pg'] }, question: { status: 'ANSWERED' } });
    expect(client.forms).toMatchObject([{ message: 'Which one?' }]);
    const completed = await client.call('complete_task', { run, resolution: 'Done.' });
    expect(completed.data.task.status).toBe('REVIEW');
  });

  it('keeps the answer as a comment if the key is the one of the agent, which may not answer itself', async () => {
    const name = `own-${revision}`;
    await admin.registerAgent({ name, acceptsInbox: false });
    const { secret } = await admin.createApiKey({ name, role: 'AGENT', agent: { name } });
    const { task, ask } = await asking(name, accept, secret);
    expect((await ask({ text: 'Which database?' })).data).toEqual({ answer: { text: 'PostgreSQL' } });
    const { nodes } = (await admin.task({ ref: { id: task.id } }))?.comments ?? { nodes: [] };
    expect(nodes.map(({ body }) => body)).toEqual([expect.stringContaining('Answer: PostgreSQL')]);
  });

  it('leaves the question to the people of the server if the person at the client declines', async () => {
    const { ask, client, run } = await asking(`declined-${revision}`, decline);
    expect((await ask({ text: 'Which database?' })).data).toMatchObject({
      question: { status: 'OPEN' },
      task: { status: 'INPUT_REQUIRED' },
    });
    const again = await client.call('ask_person', { run, text: 'Another question?' });
    expect(again).toMatchObject({ isError: true, text: expect.stringMatching(/^LEASE_LOST/) });
    expect(client.forms).toHaveLength(1);
  });
});
