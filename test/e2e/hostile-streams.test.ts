import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type AttackedServer, startAttackedServer } from '../support/servers/attacked-server.js';
import { watchOverSse, watchOverWebSocket } from '../support/wires/event-streams.js';
import { codesIn, expectHarmless } from '../support/wires/expect-harmless.js';
import { RawSocket } from '../support/wires/raw-socket.js';

let besieged: AttackedServer;

beforeAll(async () => {
  besieged = await startAttackedServer();
});

// Runs after all tests of this file.
afterAll(() => besieged.stopUnharmed());

describe('a WebSocket that receives', () => {
  it.each<[string, string | Buffer]>([
    ['text that is not JSON', 'hello'],
    ['an empty message', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['an unknown type', '{"type":"become_admin"}'],
    ['random bytes', randomBytes(1_000)],
    ['2 MB', 'x'.repeat(2_000_000)],
    ['a list of 100,000 levels', '['.repeat(100_000)],
    [
      'an object of 50,000 levels',
      `{"type":"ping","payload":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`,
    ],
    ['a query without a text', '{"id":"1","type":"subscribe","payload":{"query":7}}'],
    ['an operation without an id', '{"type":"subscribe","payload":{"query":"{ viewer { role } }"}}'],
    ['a second connection_init', '{"type":"connection_init"}'],
  ])('%s is closed with a code for a client error', async (_case, message) => {
    const socket = await aSocket();
    socket.socket.send(message);
    const { code, reason } = await socket.closed;
    expect([1007, 1009, 4400, 4429]).toContain(code);
    expectHarmless({ status: 400, text: reason });
  });

  it('a query with the id __proto__ is answered under that id', async () => {
    const socket = await aSocket();
    for (const id of ['__proto__', 'constructor', '', '💥'])
      socket.subscribe(id || ' ', '{ viewer { role } }', JSON.parse('{"__proto__": {"a": 1}}'));
    await vi.waitFor(
      () => expect(socket.messages.filter(({ type }) => type === 'complete')).toHaveLength(4),
      20_000,
    );
    expect(socket.of('__proto__')[0]?.payload).toEqual({ data: { viewer: { role: 'VIEWER' } } });
    socket.socket.close();
  });

  it('more than a hundred subscriptions refuses the further ones, and the others continue', async () => {
    const socket = await aSocket();
    for (let index = 0; index < 150; index += 1)
      socket.subscribe(String(index), 'subscription { events { type } }');
    await vi.waitFor(
      () => expect(socket.messages.filter(({ type }) => type === 'error')).toHaveLength(50),
      20_000,
    );
    const refusals = socket.messages.filter(({ type }) => type === 'error');
    for (const { payload } of refusals) expect(codesIn({ errors: payload as [] })).toEqual(['RATE_LIMITED']);
    socket.subscribe('after', '{ viewer { role } }');
    socket.socket.close();
    expect(await socket.closed).toMatchObject({ code: 1005 });
  });
});

describe('a stream', () => {
  it.each([
    '',
    'x',
    'MA',
    "'; --",
    '🦄',
    'x'.repeat(600),
    Buffer.from('9e9.1').toString('base64url'),
    Buffer.from(`${'9'.repeat(19)}.1`).toString('base64url'),
  ])('after the cursor %j does not begin', async (after) => {
    for (const watch of [watchOverWebSocket, watchOverSse]) {
      const stream = watch(besieged.clients.AGENT, { after });
      const { errors } = await stream.ended;
      expectHarmless({ status: 400, text: JSON.stringify(errors), errors });
      expect(codesIn({ errors })[0]).toMatch(/^(BAD_USER_INPUT|CURSOR_EXPIRED)$/);
      expect(stream.events).toEqual([]);
      stream.close();
    }
  });

  it.each([
    { types: ["'; DROP TABLE events; --"] },
    { types: Array(1_000).fill('task') },
    { types: [''] },
    { task: { ref: 'TASK-x' } },
    { agent: { id: 'agt_x' } },
  ])('with the filter %j is harmless', async (filter) => {
    for (const watch of [watchOverWebSocket, watchOverSse]) {
      const stream = watch(besieged.clients.OPERATOR, { filter, after: null });
      const refused = stream.ended.then(({ errors }) => errors);
      // With an accepted filter the stream begins, and only the client ends it.
      const open = besieged.admin.ask('{ viewer { role } }').then(() => []);
      const errors = await Promise.race([refused, open]);
      expectHarmless({ status: 400, text: JSON.stringify(errors), errors });
      stream.close();
    }
  });
});

async function aSocket(): Promise<RawSocket> {
  const socket = await RawSocket.open(besieged.admin.url());
  socket.init(`Bearer ${besieged.clients.VIEWER.secret}`);
  await vi.waitFor(() => expect(socket.messages).toHaveLength(1), 20_000);
  return socket;
}
