import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createBatchedWrites } from '../../../src/server/websocket/batched-writes.js';
import { createTextFrame } from '../../../src/server/websocket/text-frame.js';

const texts = [0, 1, 125, 126, 127, 65_535, 65_536, 200_000].map((length) => 'x'.repeat(length));
const http = createServer();
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
const writes = createBatchedWrites();

beforeAll(async () => {
  http.on('upgrade', (request, connection, head) =>
    sockets.handleUpgrade(request, connection, head, (socket) => {
      for (const text of texts)
        writes.write(connection, createTextFrame(Buffer.from('é'), Buffer.from(text)));
      socket.send('by ws itself');
      writes.write(connection, createTextFrame(Buffer.from('after it')));
      socket.close(1000);
    }),
  );
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
});

afterAll(() => {
  http.close();
});

describe('frames that are written without ws', () => {
  it('are read by a client at any length, in order with those of ws', async () => {
    const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
    const got: string[] = [];
    client.on('message', (message) => got.push(String(message)));
    expect((await once(client, 'close'))[0]).toBe(1000);
    expect(got).toEqual([...texts.map((text) => `é${text}`), 'by ws itself', 'after it']);
  });
});
