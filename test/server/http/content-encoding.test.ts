import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goodKey, readAnswer, startTestServer, type TestServer } from '../../support/servers/test-server.js';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.stop());

describe('a body', () => {
  it.each([
    ['gzip', gzipSync('{"query":"{hello}"}')],
    ['gzip', '{"query":"{hello}"}'],
    ['deflate, gzip', '{"query":"{hello}"}'],
    ['zip', '{"query":"{hello}"}'],
  ])('in the coding "%s" is refused with 415, which names the accepted coding', async (coding, body) => {
    for (const accept of ['application/json', 'text/event-stream']) {
      const headers = { authorization: `Bearer ${goodKey}`, 'content-type': 'application/json', accept };
      const request = { method: 'POST', headers: { ...headers, 'content-encoding': coding }, body };
      const refused = await readAnswer(await fetch(`${server.url}/graphql`, request));
      expect([refused.status, refused.headers.get('accept-encoding')]).toEqual([415, 'identity']);
      expect(refused.json.errors?.[0]).toMatchObject({
        message: expect.stringContaining('uncompressed'),
        extensions: { code: 'UNSUPPORTED_MEDIA_TYPE' },
      });
    }
  });

  it.each(['identity', 'Identity', ''])('in the coding "%s" is accepted', async (coding) => {
    const { json } = await server.post({ query: '{ hello }' }, { 'content-encoding': coding });
    expect(json).toMatchObject({ data: { hello: expect.any(String) } });
  });

  it('is not checked for a GET, which has none', async () => {
    const headers = {
      authorization: `Bearer ${goodKey}`,
      'content-encoding': 'gzip',
    };
    expect((await fetch(`${server.url}/graphql?query={hello}`, { headers })).status).toBe(200);
  });
});
