import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type App, createApp } from '../../src/app.js';
import { parseConfig } from '../../src/config/config.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { type Client, createClient } from '../support/servers/client.js';
import { createKey, revokeKey } from '../support/servers/fleet.js';
import { adminSecret, createServerFolder } from '../support/servers/server-process.js';

let database: TestDatabase;
const apps: App[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(async () => {
  await Promise.all(apps.map((app) => app.stop()));
  await database.drop();
});

/** An app with a frozen clock, so that its caches never expire. */
async function startTimeless(): Promise<Client> {
  const settings = {
    DATABASE_URL: database.url,
    MC_API_KEY: adminSecret,
    MC_DATA_DIR: await createServerFolder(),
    MC_PORT: '0',
    MC_SCHEDULER: 'off',
    MC_LOG_LEVEL: 'silent',
  };
  const nowMs = Date.now();
  const app = createApp(parseConfig(settings), { clock: { now: () => nowMs } });
  apps.push(app);
  const started = await app.start();
  return createClient({ url: started!.address.url });
}

it('learns from the log that a key was revoked by another process, and refuses it', async () => {
  const [here, elsewhere] = [await startTimeless(), await startTimeless()];
  const key = await createKey(here, { name: 'revoked elsewhere', role: 'VIEWER' });
  const status = async () => (await here.with(key.secret).send('{ viewer { role } }')).status;
  expect(await status()).toBe(200);
  await revokeKey(elsewhere, key.id);
  await vi.waitFor(async () => expect(await status()).toBe(401), 20_000);
});
