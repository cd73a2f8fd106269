import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goodKey, readAnswer, startTestServer, type TestServer } from '../../support/servers/test-server.js';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.stop());

describe('a request', () => {
  it('may have members that GraphQL over HTTP does not define', async () => {
    const body = {
      query: '{ hello }',
      id: 'x',
      documentId: 'y',
      extensions: { persistedQuery: { version: 1 } },
    };
    const { status, json } = await server.post(body);
    expect([status, json]).toEqual([200, { data: { hello: 'Hello world' } }]);
  });

  it('with the hash of a document alone is refused so that a client sends the document', async () => {
    const extensions = { persistedQuery: { version: 1, sha256Hash: 'abc' } };
    const address = `${server.url}/graphql?extensions=${encodeURIComponent(JSON.stringify(extensions))}`;
    const headers = { authorization: `Bearer ${goodKey}` };
    for (const { status, json } of [
      await server.post({ operationName: 'a', extensions }),
      await readAnswer(await fetch(address, { headers })),
    ]) {
      const code = 'PERSISTED_QUERY_NOT_SUPPORTED';
      const errors = [{ message: 'PersistedQueryNotSupported', extensions: { code } }];
      expect([status, json]).toEqual([200, { errors }]);
    }
  });
});

describe('the address of a GET', () => {
  const get = async (search: string) =>
    readAnswer(
      await fetch(`${server.url}/graphql?${search}`, { headers: { authorization: `Bearer ${goodKey}` } }),
    );

  it('may contain empty parameters, which count as missing', async () => {
    const { status, json } = await get('query={hello}&operationName=&variables=&extensions=');
    expect([status, json]).toEqual([200, { data: { hello: 'Hello world' } }]);
  });

  it.each([
    ['', /"query" must be a GraphQL document, not missing/],
    ['query={hello}&variables={', /"variables" must be a JSON object/],
    ['query={hello}&variables=[]', /"variables" must be a JSON object, not a list/],
    ['query={hello}&extensions=1', /"extensions" must be a JSON object, not a number/],
    ['query={hello}&operationName=b', /no operation "b"/],
  ])('%s is refused with 400 and a reason', async (search, reason) => {
    const { status, json } = await get(search);
    expect([status, json.errors?.[0]?.extensions]).toEqual([400, { code: 'BAD_USER_INPUT' }]);
    expect(json.errors?.[0]?.message).toMatch(reason);
  });
});
