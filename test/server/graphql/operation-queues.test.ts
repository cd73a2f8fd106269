import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestServer, type TestServer } from '../../support/servers/test-server.js';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({
    limits: {
      maxRunningQueriesPerKey: 1,
      maxRunningQueries: 2,
      maxWaitingOperationsPerKey: 1,
      operationWaitMs: 60_000,
    },
  });
  server.keys.set('mc_other', { keyId: 'key_2', role: 'VIEWER', agentId: null });
});

afterAll(() => server.stop());

const ask = (query: string, headers?: Record<string, string>) => server.post({ query }, headers);

/** Begins a query that runs until the returned function is called. */
async function beginWaiting() {
  const begun = server.ticks.log.length;
  const answer = ask('{ waits }');
  await vi.waitFor(() => expect(server.ticks.log.slice(begun)).toEqual(['waiting']), 20_000);
  return { answer, release: () => server.ticks.release('released') };
}

describe('a query above the limit of its key', () => {
  it('waits for an earlier one of the key, while mutations and other keys go on', async () => {
    const first = await beginWaiting();
    let isAnswered = false;
    const second = ask('{ hello }').finally(() => {
      isAnswered = true;
    });
    expect((await ask('mutation { rename(name: "b") }')).json).toEqual({ data: { rename: 'b' } });
    const other = await ask('{ whoAmI }', { authorization: 'Bearer mc_other' });
    expect(other.json).toEqual({ data: { whoAmI: 'key_2' } });
    expect(isAnswered).toBe(false);
    first.release();
    expect((await first.answer).json).toEqual({ data: { waits: 'released' } });
    expect((await second).json).toEqual({ data: { hello: 'Hello world' } });
  });

  it('is refused if too many of the key wait', async () => {
    const first = await beginWaiting();
    const others = [ask('{ hello }'), ask('{ hello }')];
    // The one that arrives first waits.
    const refused = await Promise.race(others);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('1');
    const message =
      'At most 1 queries of an API key run at once, and 1 more of this one wait. Send fewer at once, and try again in 1 s.';
    expect(refused.json.errors).toMatchObject([{ message, extensions: { code: 'RATE_LIMITED' } }]);
    first.release();
    await Promise.all([first.answer, ...others]);
  });
});
