import type { QueryConfig } from 'pg';
import { describe, expect, it, vi } from 'vitest';
import type { Database } from '../../../src/postgres/database.js';
import { createApiKey, revokeApiKey } from '../../../src/services/keys/api-keys.js';
import { createAuthenticator } from '../../../src/services/keys/authenticator.js';
import { anAgent } from '../../support/factories/factory.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';

let services: TestServices;

useServices((made) => {
  services = made;
});

/** An authenticator with a clock that a test moves, and a count of its queries. */
function anAuthenticator(gate: () => Promise<void> = async () => undefined) {
  const clock = { ms: services.clock.now(), now: () => clock.ms };
  const tally = { questions: 0 };
  const ask = services.database.pool.query.bind(services.database.pool);
  const query = async (statement: QueryConfig) => {
    tally.questions += 1;
    const answer = await ask(statement);
    await gate();
    return answer;
  };
  const pool = new Proxy(services.database.pool, {
    get: (target, name) => (name === 'query' ? query : Reflect.get(target, name)),
  });
  const database: Database = { ...services.database, pool };
  return { authenticator: createAuthenticator(database, clock, services.instrument), clock, tally };
}

const aKey = (input = {}) =>
  createApiKey(services, services.admin, { name: 'x', role: 'OPERATOR', ...input });
const lastUsed = async (id: string) =>
  (await services.sql('SELECT last_used_at FROM api_keys WHERE id = $1', [id]))[0]?.last_used_at;

describe('a secret', () => {
  it('authenticates as its key, and an unknown secret does not authenticate', async () => {
    const { authenticator } = anAuthenticator();
    const agent = await anAgent(services);
    const { apiKey, secret } = await aKey({ role: 'AGENT', agent: { id: agent.id } });
    expect(await authenticator.authenticate(secret)).toEqual({
      keyId: apiKey.id,
      role: 'AGENT',
      agentId: agent.id,
    });
    for (const wrong of [
      '',
      'mc_',
      `${secret}x`,
      secret.slice(0, -1),
      secret.toLowerCase(),
      apiKey.id,
      '\u0000',
    ]) {
      expect(await authenticator.authenticate(wrong)).toBeNull();
    }
  });

  it('is looked up once for two seconds', async () => {
    const { authenticator, clock, tally } = anAuthenticator();
    const { secret } = await aKey();
    for (let i = 0; i < 5; i += 1) await authenticator.authenticate(secret);
    expect(tally.questions).toBe(1);
    clock.ms += 2_000;
    await authenticator.authenticate(secret);
    expect(tally.questions).toBe(2);
  });

  it('that is wrong is looked up each time, and is not cached', async () => {
    const { authenticator, tally } = anAuthenticator();
    for (let i = 0; i < 3; i += 1) expect(await authenticator.authenticate('mc_wrong')).toBeNull();
    expect(tally.questions).toBe(3);
  });

  it('does not authenticate once its key is revoked and forgotten, and after two seconds even without a notice', async () => {
    const { authenticator, clock } = anAuthenticator();
    const [told, untold] = [await aKey(), await aKey()];
    for (const { secret } of [told, untold]) await authenticator.authenticate(secret);
    for (const { apiKey } of [told, untold]) await revokeApiKey(services, services.admin, apiKey.id);
    authenticator.forget(told.apiKey.id);
    expect(await authenticator.authenticate(told.secret)).toBeNull();
    expect(await authenticator.authenticate(untold.secret)).not.toBeNull();
    clock.ms += 2_000;
    expect(await authenticator.authenticate(untold.secret)).toBeNull();
  });

  it('is not cached if its key is revoked during the lookup', async () => {
    let open = (): void => undefined;
    const gate = vi.fn(
      () =>
        new Promise<void>((resolve) => {
          open = resolve;
        }),
    );
    const { authenticator } = anAuthenticator(gate);
    const { apiKey, secret } = await aKey();
    const early = authenticator.authenticate(secret);
    // The answer was read before the revocation, and has not arrived.
    await vi.waitFor(() => expect(gate).toHaveBeenCalledOnce(), 20_000);
    await revokeApiKey(services, services.admin, apiKey.id);
    authenticator.forget(apiKey.id);
    open();
    expect(await early).not.toBeNull();
    gate.mockResolvedValue(undefined);
    expect(await authenticator.authenticate(secret)).toBeNull();
  });

  it('does not authenticate from the instant at which its key expires', async () => {
    const { authenticator, clock } = anAuthenticator();
    const { apiKey, secret } = await aKey({ expiresAt: new Date(Date.now() + 60_000) });
    expect(await authenticator.authenticate(secret)).not.toBeNull();
    await services.sql("UPDATE api_keys SET expires_at = now() - interval '1 ms' WHERE id = $1", [apiKey.id]);
    clock.ms += 2_000;
    expect(await authenticator.authenticate(secret)).toBeNull();
  });

  it('is not cached beyond the expiry of its key', async () => {
    const { authenticator, clock, tally } = anAuthenticator();
    const { apiKey, secret } = await aKey({ expiresAt: new Date(Date.now() + 60_000) });
    // PostgreSQL's clock decides how much is left. The second ends after the test has asked.
    await services.sql("UPDATE api_keys SET expires_at = clock_timestamp() + interval '1 s' WHERE id = $1", [
      apiKey.id,
    ]);
    expect(await authenticator.authenticate(secret)).not.toBeNull();
    clock.ms += 1_001;
    await authenticator.authenticate(secret);
    expect(tally.questions).toBe(2);
  });
});

describe('the last use of a key', () => {
  it('is written once a minute for all used keys, and at the stop', async () => {
    const { authenticator, clock, tally } = anAuthenticator();
    const [first, second, last] = [await aKey(), await aKey(), await aKey()];
    await authenticator.authenticate(first.secret);
    expect(await lastUsed(first.apiKey.id)).toBeNull();
    clock.ms += 60_000;
    await authenticator.authenticate(second.secret);
    await vi.waitFor(async () => expect(await lastUsed(second.apiKey.id)).not.toBeNull(), 20_000);
    expect(await lastUsed(first.apiKey.id)).not.toBeNull();
    expect(tally.questions).toBe(3);
    await authenticator.authenticate(last.secret);
    await authenticator.close();
    expect(await lastUsed(last.apiKey.id)).not.toBeNull();
  });
});
