import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { RawSocket } from '../wires/raw-socket.js';
import { goodKey, startTestServer, type TestServer } from './test-server.js';

/**
 * Starts a server before the tests and stops it after them. Each test begins with an empty log, and its sockets are
 * terminated when it has ended. Call it once in a test file.
 *
 * @param begin receives the server.
 */
export function useSocketServer(
  options: Parameters<typeof startTestServer>[0],
  begin: (server: TestServer) => void,
) {
  let server: TestServer;
  const open: RawSocket[] = [];

  beforeAll(async () => {
    server = await startTestServer(options);
    begin(server);
  });
  beforeEach(() => {
    server.ticks.log.length = 0;
    server.signals.length = 0;
  });
  afterEach(async () => {
    for (const { socket } of open) socket.terminate();
    await Promise.all(open.splice(0).map(({ closed }) => closed));
  });
  afterAll(() => server.stop());

  async function connect(socketOptions?: Parameters<typeof RawSocket.open>[1]): Promise<RawSocket> {
    const socket = await RawSocket.open(server.url, socketOptions);
    open.push(socket);
    return socket;
  }

  return {
    connect,
    /** Connects and waits until the server has acknowledged the key. */
    async connectWithKey(key = goodKey): Promise<RawSocket> {
      const socket = await connect();
      socket.init(`Bearer ${key}`);
      await expect.poll(() => socket.messages).toContainEqual({ type: 'connection_ack' });
      return socket;
    },
  };
}
