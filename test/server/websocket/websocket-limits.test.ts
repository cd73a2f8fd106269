import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { goodKey, startTestServer, type TestServer } from '../../support/servers/test-server.js';
import { useSocketServer } from '../../support/servers/use-socket-server.js';
import { RawSocket } from '../../support/wires/raw-socket.js';

let server: TestServer;

const { connect, connectWithKey } = useSocketServer(
  { limits: { maxSubscriptionsPerSocket: 3, maxSocketsPerKey: 4, maxStreamsPerKey: 4 } },
  (started) => {
    server = started;
  },
);

describe('the limits of sockets', () => {
  it('limit the concurrent operations on one socket, and allow more when some have ended', async () => {
    const socket = await connectWithKey();
    for (const id of ['1', '2', '3']) socket.subscribe(id, 'subscription { silent }');
    socket.subscribe('4', 'subscription { silent }');
    await expect
      .poll(() => socket.of('4'))
      .toMatchObject([
        {
          type: 'error',
          payload: [
            {
              message: 'At most 3 operations at a time on one socket.',
              extensions: { code: 'RATE_LIMITED' },
            },
          ],
        },
      ]);
    await expect.poll(() => server.ticks.log).toEqual(['started', 'started', 'started']);
    socket.send({ id: '1', type: 'complete' });
    socket.subscribe('5', 'subscription { silent }');
    await expect.poll(() => server.ticks.log.filter((entry) => entry === 'started')).toHaveLength(4);
  });

  it('limit the sockets of a key, and allow more when some have closed', async () => {
    const sockets = await Promise.all(Array.from({ length: 4 }, () => connectWithKey()));
    const fifth = await connect();
    fifth.init(`Bearer ${goodKey}`);
    expect(await fifth.closed).toEqual({ code: 1013, reason: 'At most 4 sockets per API key' });
    sockets[0]?.socket.close();
    await sockets[0]?.closed;
    await connectWithKey();
  });

  it('count the streams of a key together on all transports', async () => {
    const silent = 'subscription { silent }';
    const [first, second] = [await connectWithKey(), await connectWithKey()];
    for (const socket of [first, second]) for (const id of ['1', '2']) socket.subscribe(id, silent);
    await expect.poll(() => server.ticks.log).toHaveLength(4);
    second.subscribe('3', silent);
    const refusal = { extensions: { code: 'RATE_LIMITED' }, message: expect.stringContaining('4 streams') };
    await expect.poll(() => second.of('3')[0]?.payload).toMatchObject({ errors: [refusal] });
    const headers = { authorization: `Bearer ${goodKey}` };
    const plain = await fetch(`${server.url}/api/events`, { headers });
    expect([plain.status, plain.headers.get('retry-after')]).toEqual([429, '10']);
    expect(await plain.json()).toMatchObject({ errors: [refusal] });
    first.send({ id: '1', type: 'complete' });
    await expect.poll(() => server.ticks.log).toContain('ended');
    second.subscribe('4', silent);
    await expect.poll(() => server.ticks.log).toHaveLength(6);
  });

  it('count each operation for the rate of its key, and wrong keys for their address', async () => {
    const limits = {
      requestsPerSecond: 0.001,
      requestBurst: 2,
      failedAuthenticationsPerSecond: 0.001,
      failedAuthenticationBurst: 1,
    };
    const guarded = await startTestServer({ limits });
    const socket = await RawSocket.open(guarded.url);
    socket.init(`Bearer ${goodKey}`);
    await expect.poll(() => socket.messages).toHaveLength(1);
    for (const id of ['1', '2', '3']) socket.subscribe(id, '{ hello }');
    await expect
      .poll(() => socket.of('3'))
      .toMatchObject([{ type: 'error', payload: [{ extensions: { code: 'RATE_LIMITED' } }] }]);
    const codes: number[] = [];
    for (const key of ['mc_1', 'mc_2']) {
      const guess = await RawSocket.open(guarded.url);
      guess.init(`Bearer ${key}`);
      codes.push((await guess.closed).code);
    }
    expect(codes).toEqual([4401, 1013]);
    await guarded.stop();
  });
});

describe('the WebSocket handshake', () => {
  it('is accepted from programs, from pages of this host and from allowed origins', async () => {
    const http = { host: '127.0.0.1', port: 0, basePath: '', corsOrigins: ['https://dashboard.example'] };
    const guarded = await startTestServer({ http });
    const knock = async (origin?: string) => {
      const socket = await RawSocket.open(guarded.url, origin ? { headers: { origin } } : {}).catch(
        (error: Error) => error.message,
      );
      if (typeof socket === 'string') return socket;
      socket.socket.terminate();
      return 'open';
    };
    expect(await knock()).toBe('open');
    expect(await knock(guarded.url)).toBe('open');
    expect(await knock('https://dashboard.example')).toBe('open');
    for (const origin of [
      'https://evil.example',
      'null',
      'http://127.0.0.1:1',
      'https://dashboard.example.evil.example',
    ]) {
      expect(await knock(origin)).toMatch(/403/);
    }
    await guarded.stop();
  });

  it('tells a client that asks for another protocol to connect without upgrade', async () => {
    const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': '' };
    const sent = httpRequest(`${server.url}/graphql`, { method: 'POST', headers });
    sent.end('{}');
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(400);
    expect(await text(response)).toContain('plain HTTP/1.1');
  });

  it('is accepted only at /graphql', async () => {
    const socket = new WebSocket(`${server.url.replace(/^http/, 'ws')}/other`, 'graphql-transport-ws');
    await expect(new Promise((_resolve, reject) => socket.once('error', reject))).rejects.toThrow(/404/);
  });
});
