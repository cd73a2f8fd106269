import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type AttackedServer, startAttackedServer } from '../support/servers/attacked-server.js';
import { aTask, claimWork } from '../support/servers/fleet.js';
import { codesIn } from '../support/wires/expect-harmless.js';
import { RawSocket } from '../support/wires/raw-socket.js';

let besieged: AttackedServer;

beforeAll(async () => {
  besieged = await startAttackedServer();
});

// Runs after all tests of this file.
afterAll(() => besieged.stopUnharmed());

const FIELDS = 'id at type cursor '.repeat(120);

describe('open subscriptions of a key', () => {
  it.each<[string, (index: number) => [string, Record<string, unknown>?]]>([
    ['have long documents', (index) => [`subscription S${index} { events { ${FIELDS} } }`]],
    [
      'carry long variables that their document does not use',
      (index) => ['subscription { events { id } }', { unused: `${index}`.padEnd(400_000, 'x') }],
    ],
  ])('are refused once those of several sockets that %s fill their memory', async (_case, each) => {
    const sockets = await Promise.all([aSocket(), aSocket()]);
    for (let index = 0; index < 160; index += 1) {
      const socket = sockets[index % 2];
      socket?.subscribe(String(index), ...each(index));
      await vi.waitFor(() => expect(socket?.socket.bufferedAmount).toBeLessThan(4_000_000), 20_000);
    }
    const refusals = () =>
      sockets.flatMap(({ messages }) => messages).filter(({ type }) => type === 'next' || type === 'error');
    await vi.waitFor(() => expect(refusals().length).toBeGreaterThan(30), 20_000);
    const codes = refusals().flatMap(({ type, payload }) =>
      codesIn({ errors: (type === 'error' ? payload : (payload as { errors: unknown }).errors) as [] }),
    );
    expect(new Set(codes)).toEqual(new Set(['RATE_LIMITED']));
    await aTask(besieged.admin, { assignee: { name: 'victim' } });
    await claimWork(besieged.victim.client);
    for (const { socket } of sockets) socket.close();
    await Promise.all(sockets.map(({ closed }) => closed));
    // Their memory is free again.
    await vi.waitFor(async () => {
      const again = await aSocket();
      again.subscribe('again', ...each(1_000));
      again.subscribe('query', '{ viewer { role } }');
      await vi.waitFor(() => expect(again.of('query')).not.toEqual([]), 20_000);
      again.socket.close();
      expect(again.of('again')).toEqual([]);
    }, 20_000);
  });
});

async function aSocket(): Promise<RawSocket> {
  const socket = await RawSocket.open(besieged.admin.url());
  socket.init(`Bearer ${besieged.clients.VIEWER.secret}`);
  await vi.waitFor(() => expect(socket.messages).toHaveLength(1), 20_000);
  return socket;
}
