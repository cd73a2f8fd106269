import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { createOpenclawGateway } from '../../../src/gateway/openclaw/openclaw.js';
import { Secret } from '../../../src/kernel/secret.js';
import { closeServer, listen } from '../../support/servers/http-server.js';
import { aCall, testHooks } from '../conformance.js';

it('connects to no target of a redirect, and keeps no text of it', async () => {
  const arrived: string[] = [];
  const target = createServer().on('upgrade', (request, socket) => {
    arrived.push(request.url ?? '');
    socket.destroy();
  });
  const targetPort = await listen(target);
  const server = createServer().on('upgrade', (_request, socket) => {
    socket.end(
      `HTTP/1.1 302 secret-reason\r\nlocation: ws://127.0.0.1:${targetPort}/secret-path\r\n\r\nsecret-body`,
    );
  });
  const url = `ws://127.0.0.1:${await listen(server)}`;
  const gateway = createOpenclawGateway({ url, token: new Secret('the-token'), resumeMs: 1_000 });
  try {
    const answer = await gateway.send(aCall('Do it.'), testHooks());
    expect(answer).toMatchObject({ error: expect.stringContaining('HTTP 302') });
    expect(JSON.stringify(answer)).not.toContain('secret');
    expect(arrived).toEqual([]);
  } finally {
    await gateway.close();
    await closeServer(server);
    await closeServer(target);
  }
});
