import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goodKey, startTestServer, type TestServer } from '../../support/servers/test-server.js';

let local: TestServer;
let everywhere: TestServer;

beforeAll(async () => {
  [local, everywhere] = await Promise.all([
    startTestServer(),
    startTestServer({ http: { host: '0.0.0.0', port: 0, basePath: '', corsOrigins: [] } }),
  ]);
  local.keys.set('mc_viewer', { keyId: 'key_2', role: 'VIEWER', agentId: null });
  local.keys.set('mc_agent', { keyId: 'key_3', role: 'AGENT', agentId: 'agt_1' });
});

afterAll(() => Promise.all([local.stop(), everywhere.stop()]));

interface Scrape {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly text: string;
}

/** `fetch` does not allow a `host` header. */
function scrape(url: string, headers: Record<string, string> = {}): Promise<Scrape> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/metrics`, { headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode, type: response.headers['content-type'], text }),
      );
    });
    sent.on('error', reject).end();
  });
}

const outerAddress = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address;

describe('/metrics', () => {
  it('needs no key on this machine', async () => {
    expect(await scrape(local.url)).toEqual({ status: 200, type: 'text/plain', text: 'up 1\n' });
    const { port } = local.server.address();
    expect(await scrape(local.url, { host: `localhost:${port}` })).toMatchObject({ status: 200 });
  });

  it.each([
    ['a proxy forwards the request', { 'x-forwarded-for': '203.0.113.9' }],
    ['a proxy names itself', { via: '1.1 proxy' }],
    ['the host is a foreign name', { host: 'metrics.example' }],
    ['the host only begins like localhost', { host: 'localhost.example' }],
  ])('requires a key if %s', async (_, headers) => {
    expect(await scrape(local.url, headers)).toMatchObject({ status: 401 });
    const authorization = `Bearer ${goodKey}`;
    expect(await scrape(local.url, { ...headers, authorization })).toMatchObject({ status: 200 });
  });

  it.runIf(outerAddress)('requires a key from other machines', async () => {
    const { port } = everywhere.server.address();
    const url = `http://${outerAddress}:${port}`;
    expect(await scrape(url)).toMatchObject({ status: 401 });
    expect(await scrape(url, { host: 'localhost' })).toMatchObject({ status: 401 });
    expect(await scrape(url, { authorization: `Bearer ${goodKey}` })).toMatchObject({ status: 200 });
  });

  it.each([
    ['mc_viewer', 200],
    ['mc_agent', 403],
    ['mc_unknown', 401],
  ])('answers the key %s with %i, even on this machine', async (key, status) => {
    expect(await scrape(local.url, { authorization: `Bearer ${key}` })).toMatchObject({ status });
  });
});
