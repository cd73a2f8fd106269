import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AttackedServer, startAttackedServer } from '../support/servers/attacked-server.js';
import { createClient } from '../support/servers/client.js';
import { anAgent, claim, createKey } from '../support/servers/fleet.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';
import { RawSocket } from '../support/wires/raw-socket.js';

const env = { MC_TASKS_PER_MINUTE: '120', MC_OPEN_TASKS_PER_AGENT: '30', MC_WAITING_CLAIMS_PER_KEY: '5' };
let besieged: AttackedServer;
let other: ServerProcess;

beforeAll(async () => {
  besieged = await startAttackedServer(env);
  other = await startServer({ databaseUrl: besieged.databaseUrl, env });
});

afterAll(async () => {
  await other.stop();
  await besieged.stopUnharmed();
});

interface Payload {
  readonly task?: { readonly id: string } | null;
  readonly tasks?: readonly { readonly id: string }[] | null;
  readonly errors: readonly {
    readonly __typename: string;
    readonly limit?: number;
    readonly retryAfter?: string | null;
  }[];
}

const refusal = 'errors { __typename code message ... on QuotaExceededError { limit retryAfter } }';
const forty = `mutation { ${Array.from({ length: 40 }, (_, index) => `t${index}: createTask(input: { title: "Task ${index}" }) { task { id } ${refusal} }`).join(' ')} }`;
const bulk = `mutation ($inputs: [CreateTaskInput!]!) { createTasks(inputs: $inputs) { tasks { id } ${refusal} } }`;
const claims = `mutation ($input: ClaimNextTaskInput!) { claimNextTask(input: $input) { reason ${refusal} } }`;

describe('an agent that creates tasks without end', () => {
  it('has no more open tasks than its quota, with aliases at two processes at once', async () => {
    const { admin, clients } = besieged;
    const here = clients.AGENT;
    const there = createClient(other, here.secret);
    const answers = await Promise.all(
      [here, there].map((client) => client.send<Record<string, Payload>>(forty)),
    );
    const payloads = answers.flatMap(({ data }) => Object.values(data ?? {}));
    expect(payloads).toHaveLength(80);
    expect(payloads.filter(({ task }) => task)).toHaveLength(30);
    const refused = payloads.flatMap(({ errors }) => errors);
    expect(refused).toHaveLength(50);
    expect(refused[0]).toEqual({
      __typename: 'QuotaExceededError',
      code: 'QUOTA_EXCEEDED',
      message:
        'At most 30 tasks that this agent has created may be open: try again when some of them have ended.',
      limit: 30,
      retryAfter: null,
    });
    const { tasks } = await admin.ask<{ tasks: { totalCount: number } }>(
      '{ tasks(filter: { status: [INBOX] }) { totalCount } }',
    );
    expect(tasks.totalCount).toBe(30);
  });
});

describe('a key that creates tasks without end', () => {
  it('is refused above its quota of a minute, and is told how much is left', async () => {
    const { admin } = besieged;
    const { secret } = await createKey(admin, { name: 'busy', role: 'OPERATOR' });
    const busy = admin.with(secret);
    const inputs = Array.from({ length: 100 }, () => ({ title: 'More' }));
    const first = await busy.send(bulk, { inputs });
    expect(first.headers.get('ratelimit-tasks-limit')).toBe('120');
    expect(first.headers.get('ratelimit-tasks-remaining')).toBe('20');
    expect(first.headers.get('ratelimit-tasks-reset')).toBe('50');
    const second = await busy.send<{ createTasks: Payload }>(bulk, { inputs });
    expect(second.data?.createTasks.tasks).toBeNull();
    const [error] = second.data?.createTasks.errors ?? [];
    expect(error).toMatchObject({ __typename: 'QuotaExceededError', limit: 120 });
    expect(error?.retryAfter).toMatch(/^PT(39|40)S$/);
    expect(second.headers.get('ratelimit-tasks-remaining')).toMatch(/^2\d$/);
    expect((await busy.send('{ viewer { role } }')).headers.get('ratelimit-tasks-limit')).toBeNull();
  });
});

describe('a key whose claims wait without end', () => {
  it('has no more waiting claims than its quota, over HTTP and WebSockets together', async () => {
    const { server, admin } = besieged;
    const { client } = await anAgent(admin, 'waiter', 1);
    await admin.ask(
      'mutation { updateAgent(input: { agent: { name: "waiter" }, acceptsInbox: false }) { errors { message } } }',
    );
    const input = { waitSeconds: 60 };
    const hangUp = new AbortController();
    const waiting = Array.from({ length: 3 }, () =>
      client.send(claims, { input }, hangUp.signal).catch(() => 'ended'),
    );
    const socket = await RawSocket.open(server.url);
    socket.init(`Bearer ${client.secret}`);
    await expect.poll(() => socket.messages).toHaveLength(1);
    const onSocket = (id: string) =>
      socket.subscribe(
        id,
        claims
          .replace('$input: ClaimNextTaskInput!', '$wait: Int = 60')
          .replace('input: $input', 'input: { waitSeconds: $wait }'),
      );
    for (const id of ['1', '2']) onSocket(id);
    const message =
      'At most 5 claims of this API key may wait at a time: end one, or claim without waitSeconds.';
    await expect
      .poll(
        async () =>
          (await client.send<{ claimNextTask: Payload }>(claims, { input: { waitSeconds: 1 } })).data
            ?.claimNextTask.errors,
        { timeout: 20_000 },
      )
      .toEqual([
        { __typename: 'QuotaExceededError', code: 'QUOTA_EXCEEDED', message, limit: 5, retryAfter: 'PT1S' },
      ]);
    onSocket('3');
    await expect.poll(() => JSON.stringify(socket.of('3'))).toContain('QUOTA_EXCEEDED');
    expect((await claim(client)).reason).toBe('NO_TASKS_AVAILABLE');

    hangUp.abort();
    await Promise.all(waiting);
    socket.socket.close();
    await expect
      .poll(
        async () =>
          (await client.send<{ claimNextTask: Payload }>(claims, { input: { waitSeconds: 1 } })).data
            ?.claimNextTask.errors,
      )
      .toEqual([]);
  });
});
