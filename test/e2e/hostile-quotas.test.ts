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
    // Two more come with every second.
    const left = Number(first.headers.get('ratelimit-tasks-remaining'));
    expect(left).toBeGreaterThanOrEqual(20);
    expect(left).toBeLessThan(60);
    expect(Number(first.headers.get('ratelimit-tasks-reset'))).toBeLessThanOrEqual(50);
    const second = await busy.send<{ createTasks: Payload }>(bulk, { inputs });
    expect(second.data?.createTasks.tasks).toBeNull();
    const [error] = second.data?.createTasks.errors ?? [];
    expect(error).toMatchObject({ __typename: 'QuotaExceededError', limit: 120 });
    expect(error?.retryAfter).toMatch(/^PT[1-4]\dS$/);
    expect(second.headers.get('ratelimit-tasks-remaining')).toMatch(/^[2-5]\d$/);
    expect((await busy.send('{ viewer { role } }')).headers.get('ratelimit-tasks-limit')).toBeNull();
  });
});

describe('a key whose claims wait without end', () => {
  const claims = `mutation ($wait: Int!) { claimNextTask(input: { waitSeconds: $wait }) { reason ${refusal} } }`;
  const refused = {
    __typename: 'QuotaExceededError',
    code: 'QUOTA_EXCEEDED',
    message: 'At most 5 claims of this API key may wait at a time: end one, or claim without waitSeconds.',
    limit: 5,
    retryAfter: 'PT1S',
  };

  it('has no more waiting claims than its quota, over HTTP and WebSockets together', async () => {
    const { server, admin } = besieged;
    const { client } = await anAgent(admin, 'waiter', 1);
    await admin.ask(
      'mutation { updateAgent(input: { agent: { name: "waiter" }, acceptsInbox: false }) { errors { message } } }',
    );
    const socket = await RawSocket.open(server.url);
    socket.init(`Bearer ${client.secret}`);
    await expect.poll(() => socket.messages).toHaveLength(1);
    const waitOnSocket = (id: string) => socket.subscribe(id, claims, { wait: 60 });
    const answersOf = (ids: readonly string[]) =>
      ids.filter((id) => JSON.stringify(socket.of(id)).includes('QUOTA_EXCEEDED'));

    const hangUp = new AbortController();
    const answers: unknown[] = [];
    const waiting = Array.from({ length: 7 }, async () => {
      const { data } = await client.send<{ claimNextTask: Payload }>(claims, { wait: 60 }, hangUp.signal);
      answers.push(data?.claimNextTask.errors);
    });
    await expect.poll(() => answers, { timeout: 20_000 }).toEqual([[refused], [refused]]);
    waitOnSocket('0');
    await expect.poll(() => answersOf(['0']), { timeout: 20_000 }).toEqual(['0']);
    expect((await claim(client)).reason).toBe('NO_TASKS_AVAILABLE');

    hangUp.abort();
    await Promise.allSettled(waiting);
    await expect
      .poll(async () => (await claim(client, { waitSeconds: 1 }).catch(() => null))?.reason, {
        timeout: 20_000,
      })
      .toBe('NO_TASKS_AVAILABLE');
    const ids = ['1', '2', '3', '4', '5', '6', '7'];
    ids.forEach(waitOnSocket);
    await expect.poll(() => answersOf(ids).length, { timeout: 20_000 }).toBe(2);
    socket.socket.close();
    await expect
      .poll(async () => (await claim(client, { waitSeconds: 1 }).catch(() => null))?.reason, {
        timeout: 20_000,
      })
      .toBe('NO_TASKS_AVAILABLE');
  });
});
