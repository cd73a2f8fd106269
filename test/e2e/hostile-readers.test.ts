import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AttackedServer, startAttackedServer } from '../support/servers/attacked-server.js';
import { aTask, claimWork } from '../support/servers/fleet.js';
import { readMemory } from '../support/servers/process-memory.js';
import { RawSocket } from '../support/wires/raw-socket.js';

let besieged: AttackedServer;
const sockets: Socket[] = [];

beforeAll(async () => {
  besieged = await startAttackedServer();
});

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await besieged.stopUnharmed();
});

const page = 'GET /graphql HTTP/1.1\r\nhost: a\r\naccept: text/html\r\n\r\n';

describe('a client without a key that reads nothing', () => {
  it('fills no memory with 150 pipelined requests for GraphiQL without gzip', async () => {
    const { server, admin, victim } = besieged;
    const headers = { accept: 'text/html', 'accept-encoding': 'identity' };
    const readPage = async () => (await fetch(`${server.url}/graphql`, { headers })).text();
    // The first request builds the page.
    await readPage();
    const before = await readMemory(server.pid);
    for (let index = 0; index < 3; index += 1) open().write(page.repeat(50));
    // This page comes after those of the requests above.
    await readPage();
    const startedAt = performance.now();
    await aTask(admin, { assignee: { name: 'victim' } });
    await claimWork(victim.client);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect((await readMemory(server.pid)) - before).toBeLessThan(100_000_000);
  });

  it('is disconnected if it sends more requests than may wait', async () => {
    const socket = open();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(page.repeat(300));
    socket.resume();
    await closed;
  });
});

describe('requests of 1 MB that never end', () => {
  const part = 'x'.repeat(1_000_000);
  const post = (path: string, secret: string) =>
    `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\naccept: application/json, text/event-stream\r\nauthorization: Bearer ${secret}\r\ncontent-length: 1000100\r\n\r\n${part}`;

  it.each(['/graphql', '/mcp'])(
    'are refused at %s once those of a key fill its share of the memory',
    async (path) => {
      const { clients, victim, admin } = besieged;
      const refused = await Promise.all(
        Array.from({ length: 90 }, async () => {
          const socket = open();
          let text = '';
          socket.on('data', (piece) => {
            text += piece;
          });
          socket.resume().write(post(path, clients.VIEWER.secret));
          return () => text.startsWith('HTTP/1.1 429');
        }),
      );
      await expect
        .poll(() => refused.filter((isRefused) => isRefused()).length, { timeout: 20_000 })
        .toBe(90 - 67);
      await aTask(admin, { assignee: { name: 'victim' } });
      await claimWork(victim.client);
      for (const socket of sockets.splice(0)) socket.destroy();
      const whole = { query: '{ viewer { role } }', variables: { unused: part } };
      await expect
        .poll(async () => (await clients.VIEWER.send(whole.query, whole.variables)).status, {
          timeout: 20_000,
        })
        .toBe(200);
    },
  );

  it.each<[string, number, (count: number) => boolean]>([
    ['without a key are closed', 10, (closed) => closed === 10],
    [
      'are closed once those of a key fill its share of the memory',
      90,
      (closed) => closed >= 90 - 67 && closed < 90,
    ],
  ])('on WebSockets %s', async (what, count, isExpected) => {
    const opened = await Promise.all(
      Array.from({ length: count }, async () => {
        const socket = await RawSocket.open(besieged.server.url);
        socket.socket.on('error', () => undefined);
        if (!what.startsWith('without')) {
          socket.init(`Bearer ${besieged.clients.VIEWER.secret}`);
          await expect.poll(() => socket.messages, { timeout: 20_000 }).toHaveLength(1);
        }
        // A part of a message, after which the others do not come.
        socket.socket.send(part, { fin: false });
        return socket;
      }),
    );
    const closed = () => opened.filter(({ socket }) => socket.readyState === socket.CLOSED).length;
    await expect.poll(() => isExpected(closed()), { timeout: 20_000 }).toBe(true);
    await aTask(besieged.admin, { assignee: { name: 'victim' } });
    await claimWork(besieged.victim.client);
    for (const { socket } of opened) socket.terminate();
  });
});

function open(): Socket {
  const socket = connect(Number(new URL(besieged.server.url).port), '127.0.0.1').pause();
  socket.on('error', () => undefined);
  sockets.push(socket);
  return socket;
}
