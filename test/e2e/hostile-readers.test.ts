import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AttackedServer, startAttackedServer } from '../support/servers/attacked-server.js';
import { aTask, claimWork } from '../support/servers/fleet.js';
import { readMemory } from '../support/servers/process-memory.js';

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

function open(): Socket {
  const socket = connect(Number(new URL(besieged.server.url).port), '127.0.0.1').pause();
  socket.on('error', () => undefined);
  sockets.push(socket);
  return socket;
}
