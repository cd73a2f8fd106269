import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Link, openLink } from '../../torture/world/link.js';

/** Sends everything back. */
const echo = createServer((socket) => {
  socket.on('error', () => undefined).pipe(socket);
});

beforeAll(async () => {
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
});
afterAll(() => echo.close());

async function aLink(): Promise<Link> {
  const { port } = echo.address() as AddressInfo;
  const link = await openLink(() => ({ host: '127.0.0.1', port }));
  onTestFinished(() => link.close());
  return link;
}

/** A connection over the link, with what has come back. */
async function join({ port }: Link) {
  const socket: Socket = connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', (bytes) => {
    received += bytes;
  });
  const ended = new Promise<string>((resolve) => {
    socket.on('error', (error) => resolve((error as NodeJS.ErrnoException).code ?? ''));
    socket.on('end', () => resolve('end'));
  });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return { socket, ended, received: () => received };
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 5 });

describe('a link', () => {
  it('forwards in order what came before, during and after a delay and a stall', async () => {
    const link = await aLink();
    const { socket, received } = await join(link);
    socket.write('1');
    await until(() => expect(received()).toBe('1'));
    link.delay(200);
    socket.write('2');
    link.stall();
    socket.write('3');
    expect(received()).toBe('1');
    link.mend();
    socket.write('4');
    await until(() => expect(received()).toBe('1234'));
    socket.end();
  });

  it('forwards the end of a side after its last byte', async () => {
    const { socket, ended, received } = await join(await aLink());
    socket.end('the last words');
    expect(await ended).toBe('end');
    expect(received()).toBe('the last words');
  });

  it('resets connections when it is cut, and works for the next one', async () => {
    const link = await aLink();
    const { socket, ended, received } = await join(link);
    socket.write('1');
    await until(() => expect(received()).toBe('1'));
    link.cut();
    expect(await ended).toBe('ECONNRESET');
    const next = await join(link);
    next.socket.write('2');
    await until(() => expect(next.received()).toBe('2'));
  });

  it('keeps half-open connections silent after it was mended, and forwards on new ones', async () => {
    const link = await aLink();
    const silent = await join(link);
    silent.socket.write('1');
    await until(() => expect(silent.received()).toBe('1'));
    link.halfOpen();
    link.mend();
    silent.socket.write('2');
    const next = await join(link);
    next.socket.write('3');
    await until(() => expect(next.received()).toBe('3'));
    expect(silent.received()).toBe('1');
    expect(link.open()).toBe(2);
  });
});
