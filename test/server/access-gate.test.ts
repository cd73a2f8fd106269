import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goodKey, readAnswer, startTestServer, type TestServer } from '../support/servers/test-server.js';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.stop());

const query = { query: '{ whoAmI }' };

async function send(authorization: string | undefined, init: RequestInit = {}) {
  const headers = {
    'content-type': 'application/json',
    ...(authorization ? { authorization } : {}),
    ...init.headers,
  };
  const body = init.method === 'GET' ? null : JSON.stringify(query);
  return readAnswer(await fetch(`${server.url}/graphql`, { method: 'POST', body, ...init, headers }));
}

describe('a key', () => {
  it.each(['Bearer mc_good', 'bearer mc_good', 'Bearer   mc_good '])(
    'is taken from "%s"',
    async (authorization) => {
      const { status, json } = await send(authorization);
      expect({ status, ...json }).toEqual({ status: 200, data: { whoAmI: 'key_1' } });
    },
  );

  it.each([
    ['nothing', undefined],
    ['an empty header', ''],
    ['another scheme', 'Basic bWNfZ29vZDo='],
    ['the key alone', goodKey],
    ['a scheme alone', 'Bearer'],
    ['two keys', 'Bearer mc_good mc_good'],
    ['an unknown key', 'Bearer mc_unknown'],
    ['a key with a tail', 'Bearer mc_goodx'],
    ['a huge key', `Bearer ${'x'.repeat(600)}`],
  ])('is required if the request has %s', async (_what, authorization) => {
    for (const accept of ['application/json', 'application/graphql-response+json', 'text/event-stream']) {
      const { status, headers, json } = await send(authorization, { headers: { accept } });
      expect(status).toBe(401);
      expect(headers.get('www-authenticate')).toMatch(/^Bearer /);
      expect(json.errors?.[0]?.extensions).toEqual({ code: 'UNAUTHENTICATED' });
      expect(json.errors?.[0]?.message).toContain('Authorization: Bearer mc_…');
    }
  });

  it.each([
    ['the key alone', { authorization: goodKey }, 'does not begin with "Bearer "'],
    ['another scheme', { authorization: 'Token mc_good' }, 'does not begin with "Bearer "'],
    ['two keys', { authorization: 'Bearer mc_good mc_good' }, 'after "Bearer" is not an API key'],
    ['X-API-Key', { 'x-api-key': goodKey }, 'was sent as X-API-Key, which is not read'],
    ['api-key', { 'api-key': goodKey }, 'was sent in the header api-key, which is not read'],
    ['a token of another name', { 'x-auth-token': `Bearer ${goodKey}` }, 'in the header x-auth-token'],
    ['nothing', {}, 'No API key was sent'],
  ])(
    'that is sent as %s is refused with the reason, which never quotes it',
    async (_what, headers, reason) => {
      const { json } = await send(undefined, { headers });
      expect(json.errors?.[0]?.message).toContain(reason);
      expect(json.errors?.[0]?.message).not.toContain('mc_good');
    },
  );

  it('is required for introspection and for GET too', async () => {
    const introspection = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{ __schema { types { name } } }"}',
    });
    expect(introspection.status).toBe(401);
    const get = await fetch(`${server.url}/graphql?query={hello}`);
    expect(get.status).toBe(401);
  });

  it('is not read from the address, and the refusal says so', async () => {
    const get = await readAnswer(await fetch(`${server.url}/graphql?query={hello}&api_key=${goodKey}`));
    expect(get.status).toBe(401);
    expect(get.json.errors?.[0]?.message).toContain('was sent in the address, as api_key, which is not read');
    expect(get.json.errors?.[0]?.message).not.toContain(goodKey);
  });

  it('is refused from the moment it is revoked', async () => {
    server.keys.set('mc_short', { keyId: 'key_2', role: 'VIEWER', agentId: null });
    expect((await send('Bearer mc_short')).status).toBe(200);
    server.keys.delete('mc_short');
    expect((await send('Bearer mc_short')).status).toBe(401);
  });

  it('is never logged', async () => {
    await send(`Bearer ${goodKey}`);
    await send('Bearer mc_unknown');
    expect(JSON.stringify(server.signals)).not.toMatch(/mc_good|mc_unknown/);
  });
});

describe('guessing', () => {
  it('is rate limited for its address, while every valid key still works', async () => {
    let nowMs = 1_000_000;
    const guarded = await startTestServer({
      clock: { now: () => nowMs },
      limits: { failedAuthenticationsPerSecond: 1, failedAuthenticationBurst: 3 },
    });
    const guess = (key: string) => guarded.post(query, { authorization: `Bearer ${key}` });
    expect((await guess(goodKey)).status).toBe(200);
    for (const attempt of [1, 2, 3]) expect((await guess(`mc_${attempt}`)).status).toBe(401);

    const refused = await guess('mc_4');
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.json.errors?.[0]?.extensions).toEqual({ code: 'RATE_LIMITED' });

    guarded.keys.set('mc_new', { keyId: 'key_2', role: 'VIEWER', agentId: null });
    expect((await guess('mc_new')).status).toBe(200);
    expect((await guess(goodKey)).status).toBe(200);
    expect((await guess('mc_4')).status).toBe(429);

    nowMs += 1_000;
    expect((await guess('mc_5')).status).toBe(401);
    expect((await guess('mc_6')).status).toBe(429);
    await guarded.stop();
  });
});

describe('the rate of a key', () => {
  it('is told with every answer', async () => {
    const guarded = await startTestServer({
      clock: { now: () => 1_000_000 },
      limits: { requestsPerSecond: 2, requestBurst: 5 },
    });
    const told: unknown[] = [];
    for (const _request of [1, 2]) {
      const { headers } = await guarded.post(query);
      told.push(['limit', 'remaining', 'reset'].map((name) => headers.get(`ratelimit-${name}`)));
    }
    expect(told).toEqual([
      ['5', '4', '1'],
      ['5', '3', '1'],
    ]);
    await guarded.stop();
  });

  it('is limited per key with 429 and the time to wait', async () => {
    let nowMs = 1_000_000;
    const guarded = await startTestServer({
      clock: { now: () => nowMs },
      limits: { requestsPerSecond: 2, requestBurst: 3 },
    });
    guarded.keys.set('mc_other', { keyId: 'key_2', role: 'VIEWER', agentId: null });
    for (const _request of [1, 2, 3]) expect((await guarded.post(query)).status).toBe(200);
    const refused = await guarded.post(query);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.json.errors?.[0]?.extensions).toEqual({ code: 'RATE_LIMITED' });
    expect(refused.headers.get('ratelimit-remaining')).toBe('0');
    expect((await guarded.post(query, { authorization: 'Bearer mc_other' })).status).toBe(200);
    nowMs += 500;
    expect((await guarded.post(query)).status).toBe(200);
    expect((await guarded.post(query)).status).toBe(429);
    await guarded.stop();
  });
});
