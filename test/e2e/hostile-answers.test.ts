import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AttackedServer, startAttackedServer } from '../support/servers/attacked-server.js';
import { bearer } from '../support/servers/client.js';
import { aTask, claimWork, createTasks } from '../support/servers/fleet.js';
import { readMemory } from '../support/servers/process-memory.js';
import { RawSocket } from '../support/wires/raw-socket.js';

let besieged: AttackedServer;
let before: number;
const MAX_BYTES = 8_388_608;

beforeAll(async () => {
  besieged = await startAttackedServer();
  const { admin } = besieged;
  for (const [name, text] of [
    ['verbose', 'x'],
    ['beeping', '\u0007'],
  ] as const) {
    await admin.ask(
      'mutation ($input: RegisterAgentInput!) { registerAgent(input: $input) { errors { code message } } }',
      { input: { name, soul: text.repeat(100_000) } },
    );
    const assignee = { name };
    const count = name === 'verbose' ? 100 : 40;
    await createTasks(
      admin,
      Array.from({ length: count }, () => ({ title: 'A task', assignee })),
    );
  }
  before = await readMemory(besieged.server.pid);
});

afterAll(() => besieged.stopUnharmed());

const longName = 'x'.repeat(100_000);
const attacks: readonly (readonly [string, string])[] = [
  [
    'one long text of an agent, once for each of its tasks',
    '{ tasks(first: 100, filter: { assignee: [{ name: "verbose" }] }) { nodes { assignee { soul } } } }',
  ],
  ['a long name for a field, once for each task', `{ tasks(first: 100) { nodes { ${longName}: id } } }`],
  [
    'a text that is six times as long in JSON',
    '{ tasks(first: 40, filter: { assignee: [{ name: "beeping" }] }) { nodes { assignee { soul } } } }',
  ],
  [
    'a fragment that is used under many names',
    `{ ${Array.from({ length: 3 }, (_, index) => `a${index}: tasks(first: 100) { nodes { ...T } }`).join(' ')} } fragment T on Task { assignee { soul } }`,
  ],
];

function expectRefusal(answer: {
  data?: unknown;
  errors?: readonly { message: string; extensions?: object }[];
}) {
  expect(answer.data ?? null).toBeNull();
  expect(answer.errors).toHaveLength(1);
  expect(answer.errors?.[0]?.extensions).toEqual({ code: 'QUERY_TOO_COMPLEX' });
  expect(answer.errors?.[0]?.message).toMatch(/The answer has more than 8388608 characters: ask for smaller/);
}

describe('a short query with a huge answer', () => {
  it.each(attacks)('is refused over HTTP: %s', async (_what, query) => {
    const answer = await besieged.clients.VIEWER.send(query);
    expect(answer.text.length).toBeLessThan(1_000);
    expectRefusal(answer);
  });

  it.each(attacks)('is refused as an event stream: %s', async (_what, query) => {
    const { server, clients } = besieged;
    const answer = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        ...bearer(clients.VIEWER.secret),
      },
      body: JSON.stringify({ query }),
    });
    const text = await answer.text();
    expect(text.length).toBeLessThan(1_000);
    expectRefusal(JSON.parse(/^data: (\{.*\})$/m.exec(text)?.[1] ?? '{}'));
  });

  it.each(attacks)('is refused over a WebSocket: %s', async (_what, query) => {
    const { server, clients } = besieged;
    const socket = await RawSocket.open(server.url);
    socket.init(`Bearer ${clients.VIEWER.secret}`);
    await expect.poll(() => socket.messages).toHaveLength(1);
    socket.subscribe('1', query);
    await expect.poll(() => socket.of('1').map(({ type }) => type)).toEqual(['next', 'complete']);
    expectRefusal(socket.of('1')[0]?.payload as Parameters<typeof expectRefusal>[0]);
    socket.socket.close();
  });

  it('is refused for the event of a subscription', async () => {
    const { server, clients, admin } = besieged;
    const socket = await RawSocket.open(server.url);
    socket.init(`Bearer ${clients.VIEWER.secret}`);
    await expect.poll(() => socket.messages).toHaveLength(1);
    const fields = Array.from(
      { length: 2 },
      (_, index) => `a${index}: assignee { tasks(first: 50) { nodes { assignee { soul } } } }`,
    );
    socket.subscribe(
      '1',
      `subscription { events(filter: { types: ["task.created"] }) { ... on TaskEvent { task { ${fields.join(' ')} } } } }`,
    );
    await expect
      .poll(
        async () => {
          await aTask(admin, { assignee: { name: 'verbose' } });
          return socket
            .of('1')
            .some(({ type, payload }) => type === 'next' && JSON.stringify(payload).includes('errors'));
        },
        { timeout: 20_000, interval: 500 },
      )
      .toBe(true);
    const refused = socket
      .of('1')
      .map(({ payload }) => payload as { errors?: unknown[] })
      .find(({ errors }) => errors);
    expectRefusal(refused as Parameters<typeof expectRefusal>[0]);
    socket.socket.close();
  });

  it('is answered if it asks for a smaller page', async () => {
    const { text, errors } = await besieged.clients.VIEWER.send(
      '{ tasks(first: 50, filter: { assignee: [{ name: "verbose" }] }) { nodes { assignee { soul } } } }',
    );
    expect(errors).toBeUndefined();
    expect(text.length).toBeGreaterThan(5_000_000 - 100_000);
    expect(text.length).toBeLessThan(MAX_BYTES);
  });

  it('leaves claims as fast and memory as small as they were', async () => {
    const { admin, victim, server } = besieged;
    await aTask(admin, { assignee: { name: 'victim' }, priority: 'CRITICAL' });
    const startedAt = performance.now();
    await claimWork(victim.client);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    const growth = async () => (await readMemory(server.pid)) - before;
    await expect.poll(growth, { timeout: 20_000 }).toBeLessThan(100_000_000);
  });
});
