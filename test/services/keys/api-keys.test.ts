import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type CreateApiKey,
  createApiKey,
  ensureAdminKey,
  revokeApiKey,
  type SecretKeeper,
} from '../../../src/services/keys/api-keys.js';
import { createAdminKeyFile } from '../../../src/store/keys/admin-key-file.js';
import { anAgent } from '../../support/factories/factory.js';
import { namedRefusalsOf } from '../../support/factories/refusals.js';
import { createTestServices, openTestServices, type TestServices } from '../../support/factories/services.js';
import { useTwoProcesses } from '../../support/factories/use-services.js';

let services: TestServices;
let other: TestServices;

useTwoProcesses((two) => {
  ({ services, other } = two);
});

const create = (input: Partial<CreateApiKey> = {}) =>
  createApiKey(services, services.admin, { name: 'a key', role: 'OPERATOR', ...input });
const eventsOf = async (id: string) =>
  (await services.sql('SELECT type, actor_key_id FROM events WHERE key_id = $1 ORDER BY id', [id])).map(
    ({ type, actor_key_id: actor }) => [type, actor],
  );

describe('an API key', () => {
  it('is stored as a hash, and its secret is stored nowhere', async () => {
    const { apiKey, secret } = await create();
    expect(secret).toMatch(/^mc_[\w-]{43}$/);
    expect(apiKey).toMatchObject({
      name: 'a key',
      role: 'OPERATOR',
      agentId: null,
      prefix: secret.slice(0, 7),
    });
    expect(Buffer.from(apiKey.hash)).toEqual(createHash('sha256').update(secret).digest());
    const tables = ['api_keys', 'events', 'agents', 'idempotency_keys'];
    for (const table of tables) {
      const [row] = await services.sql(
        `SELECT count(*)::int AS leaks FROM ${table} t WHERE position($1 in t::text) > 0`,
        [secret.slice(7)],
      );
      expect([table, row]).toEqual([table, { leaks: 0 }]);
    }
    expect(await eventsOf(apiKey.id)).toEqual([['key.created', services.admin.keyId]]);
  });

  it('has a new secret each time', async () => {
    const keys = await Promise.all([create(), create(), create()]);
    expect(new Set(keys.map(({ secret }) => secret)).size).toBe(3);
  });

  it('is bound to an agent if its role is AGENT, and otherwise to none', async () => {
    const agent = await anAgent(services);
    const { apiKey } = await create({ role: 'AGENT', agent: { name: agent.name } });
    expect(apiKey.agentId).toBe(agent.id);
    expect(await namedRefusalsOf(create({ role: 'AGENT' }))).toEqual(['INVALID agent']);
    expect(await namedRefusalsOf(create({ role: 'AGENT', agent: { name: 'no' } }))).toEqual([
      'UNKNOWN_AGENT agent',
    ]);
    for (const role of ['VIEWER', 'OPERATOR', 'ADMIN'] as const) {
      expect(await namedRefusalsOf(create({ role, agent: { name: agent.name } }))).toEqual(['INVALID agent']);
    }
  });

  it('expires in the future or never', async () => {
    const expiresAt = new Date('2040-01-01');
    expect((await create({ expiresAt })).apiKey.expiresAt).toEqual(expiresAt);
    expect((await create({ expiresAt: null })).apiKey.expiresAt).toBeNull();
    const past = create({ expiresAt: new Date(Date.now() - 1_000) });
    expect(await namedRefusalsOf(past)).toEqual(['INVALID expiresAt']);
  });

  it('is revoked once, with one event, also by two concurrent calls', async () => {
    const { apiKey } = await create();
    const [one, two] = await Promise.all([
      revokeApiKey(services, services.admin, apiKey.id),
      revokeApiKey(other, services.admin, apiKey.id),
    ]);
    expect(one.revokedAt).not.toBeNull();
    expect(two.revokedAt).toEqual(one.revokedAt);
    expect((await revokeApiKey(services, services.admin, apiKey.id)).revokedAt).toEqual(one.revokedAt);
    expect((await eventsOf(apiKey.id)).map(([type]) => type)).toEqual(['key.created', 'key.revoked']);
  });
});

describe('the first admin key', () => {
  let fresh: TestServices;
  let second: TestServices;
  let folder: string;
  const admins = async () =>
    (
      await fresh.sql<{ hash: Buffer }>("SELECT hash FROM api_keys WHERE role = 'ADMIN' ORDER BY created_at")
    ).map(({ hash }) => hash.toString('hex'));
  const hashOf = (secret: string | null) =>
    createHash('sha256')
      .update(secret ?? '')
      .digest('hex');

  beforeEach(async () => {
    fresh = await createTestServices();
    second = await openTestServices(fresh.database.connectionString);
    await fresh.sql('DELETE FROM api_keys');
    folder = await mkdtemp(join(tmpdir(), 'mission-control-keys-'));
  });
  afterEach(async () => {
    await second.close();
    await fresh.close();
    await rm(folder, { recursive: true });
  });

  it('is created once by many concurrent starts, and its file has the stored secret', async () => {
    const files = [createAdminKeyFile(folder), createAdminKeyFile(folder)] as const;
    const made = await Promise.all([
      ensureAdminKey(fresh, null, files[0]),
      ensureAdminKey(second, null, files[1]),
      ensureAdminKey(fresh, null, files[0]),
    ]);
    const secrets = made.filter((secret) => secret !== null);
    expect(secrets).toHaveLength(1);
    expect(await admins()).toEqual([hashOf(secrets[0] ?? null)]);
    expect(await files[0].read()).toBe(secrets[0]);
    expect((await stat(files[0].path)).mode & 0o777).toBe(0o600);
    expect(await readFile(files[0].path, 'utf8')).toBe(`${secrets[0]}\n`);
  });

  it('has the given secret, is stored once, and stays revoked after a revocation', async () => {
    const keeper = neverKept();
    for (const process of [fresh, second, fresh])
      expect(await ensureAdminKey(process, 'given secret', keeper)).toBeNull();
    expect(await admins()).toEqual([hashOf('given secret')]);
    await fresh.sql('UPDATE api_keys SET revoked_at = now()');
    await ensureAdminKey(fresh, 'given secret', keeper);
    expect(await fresh.sql('SELECT FROM api_keys WHERE revoked_at IS NULL')).toEqual([]);
  });

  it('is created again only when no usable admin key is left', async () => {
    const first = await ensureAdminKey(fresh, null, createAdminKeyFile(folder));
    expect(await ensureAdminKey(second, null, createAdminKeyFile(folder))).toBeNull();
    await fresh.sql("UPDATE api_keys SET expires_at = now() - interval '1 s'");
    const next = await ensureAdminKey(second, null, createAdminKeyFile(folder));
    expect(next).not.toBeNull();
    expect(next).not.toBe(first);
    expect(await createAdminKeyFile(folder).read()).toBe(next);
    expect(await admins()).toEqual([hashOf(first), hashOf(next)]);
  });

  it('is the one that a start wrote to the file before it died', async () => {
    const file = createAdminKeyFile(folder);
    const dying = { ...file, write: (secret: string) => file.write(secret).then(die) };
    await expect(ensureAdminKey(fresh, null, dying)).rejects.toThrow('killed');
    expect(await admins()).toEqual([]);
    const kept = await file.read();
    expect(await ensureAdminKey(fresh, null, file)).toBe(kept);
    expect(await admins()).toEqual([hashOf(kept)]);
  });

  it.each([
    ['short', 'x'],
    ['cut off', `mc_${'a'.repeat(42)}`],
    ['two lines', `mc_${'a'.repeat(43)}\nmc_${'a'.repeat(43)}`],
    ['garbled', `mc_${'a'.repeat(42)}\u0000`],
  ])('is not taken from a file that is %s, and the error says what to do', async (_how, content) => {
    const file = createAdminKeyFile(folder);
    await writeFile(file.path, content);
    await expect(ensureAdminKey(fresh, null, file)).rejects.toThrow(
      `The file ${file.path} contains no key that a server has generated. Restore it, move it away`,
    );
    expect(await admins()).toEqual([]);
    expect(await readFile(file.path, 'utf8')).toBe(content);
  });

  it('is not stored if its secret cannot be written', async () => {
    const keeper: SecretKeeper = { read: async () => null, write: die };
    await expect(ensureAdminKey(fresh, null, keeper)).rejects.toThrow('killed');
    expect(await admins()).toEqual([]);
  });

  it('is not created if its file can be neither read nor written, and the error says what to do', async () => {
    const file = createAdminKeyFile(folder);
    await mkdir(join(file.path, 'kept'), { recursive: true });
    expect(await file.exists()).toBe(false);
    await expect(ensureAdminKey(fresh, null, file)).rejects.toThrow(
      `The admin key cannot be read from ${file.path} (EISDIR: illegal operation on a directory, read). Make`,
    );
    await expect(ensureAdminKey(fresh, null, { ...file, read: async () => null })).rejects.toThrow(
      `The admin key cannot be written to ${file.path} (EISDIR: illegal operation on a directory, rename`,
    );
    expect(await readdir(folder, { recursive: true })).toEqual(['admin.key', 'admin.key/kept']);
    expect(await admins()).toEqual([]);
    await rm(file.path, { recursive: true });
    expect(await ensureAdminKey(fresh, null, file)).toBe(await file.read());
  });

  function neverKept(): SecretKeeper {
    return {
      read: () => Promise.reject(new Error('read')),
      write: () => Promise.reject(new Error('written')),
    };
  }

  async function die(): Promise<never> {
    throw new Error('killed');
  }
});
