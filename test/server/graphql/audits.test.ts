import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goodKey, startTestServer, type TestServer } from '../../support/servers/test-server.js';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.stop());

/** Adds the key and the header for GET, which the audits do not send. */
const fetchFn: typeof fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set('authorization', `Bearer ${goodKey}`);
  return fetch(input, { ...init, headers });
};

const audits = serverAudits({ url: () => `${server.url}/graphql`, fetchFn });

describe('GraphQL over HTTP', () => {
  it('is audited completely', () => expect(audits).toHaveLength(61));

  it.each(audits.map((audit) => [audit.name, audit] as const))('%s', async (_name, audit) => {
    const result = await audit.fn();
    expect(result.status, 'reason' in result ? result.reason : '').toBe('ok');
  });
});
