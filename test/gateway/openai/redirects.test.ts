import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { createOpenaiGateway } from '../../../src/gateway/openai/openai.js';
import { Secret } from '../../../src/kernel/secret.js';
import { closeServer, listen } from '../../support/servers/http-server.js';
import { aCall, testHooks } from '../conformance.js';

const KEY = 'sk-the-key-of-the-tests';
const COMPLETION = {
  model: 'm',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Done.' } }],
};

interface Arrived {
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

describe('the openai gateway', () => {
  it.each([301, 302, 303, 307, 308])(
    'sends neither the key nor the prompt to the target of a %i to another origin, and keeps no text of it',
    async (status) => {
      const target = await startEndpoint((_request, response) => sendJson(response, COMPLETION));
      const endpoint = await startEndpoint((_request, response) => {
        response.writeHead(status, `secret-reason`, { location: `${target.url}/secret-path` });
        response.end(JSON.stringify({ error: { message: 'secret-body' } }));
      });
      const gateway = gatewayTo(endpoint.url);
      const answer = await gateway.send(aCall('Do it.'), testHooks());
      expect(answer).toEqual({
        outcome: 'BROKEN',
        error: expect.stringContaining(`${status} The endpoint answered with a redirect`),
        remedy: expect.stringContaining('Set OPENAI_BASE_URL'),
      });
      const probe = await gateway.probe(AbortSignal.timeout(10_000));
      expect(probe).toMatchObject({ reachable: false, remedy: expect.stringContaining('OPENAI_BASE_URL') });
      expect(JSON.stringify([answer, probe])).not.toMatch(/secret|127\.0\.0\.1/);
      expect(target.arrived).toEqual([]);
    },
  );

  it('follows a redirect within the origin with the same request', async () => {
    const endpoint = await startEndpoint((request, response) => {
      if (request.url?.startsWith('/final')) return sendJson(response, COMPLETION);
      response.writeHead(307, { location: `/final${request.url}` }).end('moved');
    });
    const answer = await gatewayTo(endpoint.url).send(aCall('Do it.'), testHooks());
    expect(answer).toMatchObject({ outcome: 'ANSWERED', text: 'Done.' });
    const [first, second] = endpoint.arrived;
    expect(second).toEqual({ ...first, url: `/final${first?.url}` });
    expect(first?.authorization).toBe(`Bearer ${KEY}`);
  });

  it.each([
    ['loops', '/v1/chat/completions'],
    ['has no target', ''],
    ['has an invalid target', 'http://[nowhere'],
    ['names another port', 'http://127.0.0.1:1/v1/chat/completions'],
    ['names another scheme', 'https://127.0.0.1/v1/chat/completions'],
    ['names a file', 'file:///etc/passwd'],
  ])('ends a redirect that %s', async (_case, location) => {
    const endpoint = await startEndpoint((_request, response) => {
      response.writeHead(308, location === '' ? {} : { location }).end();
    });
    const answer = await gatewayTo(endpoint.url).send(aCall('Do it.'), testHooks());
    expect(answer).toMatchObject({ outcome: 'BROKEN' });
    expect(endpoint.arrived.length).toBeLessThanOrEqual(4);
  });
});

function gatewayTo(baseUrl: string) {
  const gateway = createOpenaiGateway({ baseUrl: `${baseUrl}/v1`, apiKey: new Secret(KEY) });
  closers.push(() => gateway.close());
  return gateway;
}

async function startEndpoint(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const arrived: Arrived[] = [];
  const server = createServer((request, response) => void take(request, response));
  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    arrived.push({ url: request.url ?? '', authorization: request.headers.authorization, body });
    answer(request, response);
  }
  const port = await listen(server);
  closers.push(() => closeServer(server));
  return { url: `http://127.0.0.1:${port}`, arrived };
}

function sendJson(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
