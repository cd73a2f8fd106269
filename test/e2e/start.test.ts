import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { findPostmasterPid, isRunning } from '../support/postgres/data-folder.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { reportMs } from '../support/runner/measurements.js';
import { createClient } from '../support/servers/client.js';
import { aTask, createKey, revokeKey } from '../support/servers/fleet.js';
import {
  adminSecret,
  createServerFolder,
  runServer,
  startServer,
} from '../support/servers/server-process.js';

const viewer = '{ viewer { role } }';
const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
/** `script` of util-linux runs a program in a terminal of its own. Other systems have another one, or none. */
const canOpenTerminal =
  process.platform === 'linux' && spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0;

describe('a server on a data folder of its own', () => {
  it('prints its address and where the admin key is at its first start, and stores the key privately', async () => {
    const server = await startServer();
    reportMs('first start, until ready', [server.readyAfterMs]);
    const keyFile = join(server.dataDir, 'admin.key');
    expect(server.stdout()).toContain(`GraphQL and GraphiQL: ${server.url}/graphql`);
    expect(server.stdout()).toContain(`Admin key: in ${keyFile}`);
    // Its output is a pipe, which a log collector may read.
    expect(server.stdout()).not.toContain(server.adminKey);
    expect(server.adminKey).toMatch(/^mc_[\w-]{40,}$/);
    expect((await readFile(keyFile, 'utf8')).trim()).toBe(server.adminKey);
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
    expect((await stat(join(server.dataDir, 'postgres.log'))).mode & 0o777).toBe(0o600);
    expect(await createClient(server, server.adminKey).ask(viewer)).toEqual({ viewer: { role: 'ADMIN' } });
    expect(server.stderr()).toBe('');
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });

  it.runIf(canOpenTerminal)('shows a generated admin key once if it was started in a terminal', async () => {
    const dataDir = await createServerFolder();
    const terminal = spawn('script', ['-qec', `exec ${process.execPath} ${main}`, '/dev/null'], {
      env: { PATH: process.env.PATH, MC_DATA_DIR: dataDir, MC_PORT: '0' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(() => void terminal.kill('SIGKILL'));
    let shown = '';
    terminal.stdout.setEncoding('utf8').on('data', (piece: string) => {
      shown += piece;
    });
    await vi.waitFor(() => expect(shown).toMatch(/shown only once: mc_[\w-]{43}\s/), { timeout: 60_000 });
    const key = (await readFile(join(dataDir, 'admin.key'), 'utf8')).trim();
    expect(shown).toContain(`Admin key, shown only once: ${key}`);
    const exited = once(terminal, 'close');
    terminal.stdin.write('\u0003');
    expect(await exited).toEqual([0, null]);
  });

  it('starts again with the same tasks and the same key, and does not print the key', async () => {
    const first = await startServer();
    const task = await aTask(createClient(first, first.adminKey));
    await first.stop();

    const second = await startServer({ dataDir: first.dataDir });
    reportMs('warm start, until ready', [second.readyAfterMs]);
    expect(second.stdout()).toContain(`Admin key: in ${join(first.dataDir, 'admin.key')}`);
    expect(second.stdout()).not.toContain(first.adminKey);
    const found = await createClient(second, first.adminKey).ask(
      'query ($id: ID!) { node(id: $id) { id } }',
      {
        id: task.id,
      },
    );
    expect(found).toEqual({ node: { id: task.id } });
  });

  it('continues when the reader of its log has closed the pipe', async () => {
    const server = await startServer({ env: { MC_LOG_LEVEL: 'debug' } });
    server.closeLog();
    const client = createClient(server, server.adminKey);
    // Each request logs a line. The first write after the close fails.
    for (let i = 0; i < 5; i += 1) expect(await client.ask(viewer)).toEqual({ viewer: { role: 'ADMIN' } });
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });

  it('shares the database with a second server on the folder, and leaves PostgreSQL running for it', async () => {
    const first = await startServer();
    const second = await startServer({ dataDir: first.dataDir });
    expect(second.adminKey).toBe(first.adminKey);
    const task = await aTask(createClient(first, first.adminKey));
    const find = 'query ($id: ID!) { node(id: $id) { id } }';
    const other = createClient(second, second.adminKey);
    expect(await other.ask(find, { id: task.id })).toEqual({ node: { id: task.id } });

    const postmaster = await findPostmasterPid(first.dataDir);
    expect(await first.stop()).toEqual({ code: 0, signal: null });
    expect(await findPostmasterPid(first.dataDir)).toBe(postmaster);
    expect(await other.ask(find, { id: task.id })).toEqual({ node: { id: task.id } });

    expect(await second.stop()).toEqual({ code: 0, signal: null });
    expect(await findPostmasterPid(first.dataDir)).toBeNull();
    // The process has lost its parent, so its new parent decides when it is reaped.
    await vi.waitFor(() => expect(isRunning(postmaster ?? 0)).toBe(false), 20_000);
  });
});

describe('a server on a PostgreSQL of the operator', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterAll(() => database.drop());

  it('takes its admin key from MC_API_KEY and never prints it', async () => {
    const server = await startServer({ databaseUrl: database.url });
    const admin = createClient(server);
    expect(await admin.ask(viewer)).toEqual({ viewer: { role: 'ADMIN' } });
    const { server: facts } = await admin.ask<{ server: { database: string } }>('{ server { database } }');
    expect(facts.database).toMatch(/^external PostgreSQL \d+/);
    await server.stop();
    expect(server.stdout()).toContain('Admin key: set by MC_API_KEY or created by an earlier start');
    expect(server.stdout() + server.stderr()).not.toContain(adminSecret);
    await expect(stat(join(server.dataDir, 'admin.key'))).rejects.toThrow('ENOENT');
  });

  it('does not restore a revoked admin key', async () => {
    const server = await startServer({ databaseUrl: database.url });
    const admin = createClient(server);
    const other = admin.with((await createKey(admin, { name: 'second admin', role: 'ADMIN' })).secret);
    const { viewer: me } = await admin.ask<{ viewer: { apiKey: { id: string } } }>(
      '{ viewer { apiKey { id } } }',
    );
    await revokeKey(other, me.apiKey.id);
    await server.stop();

    const again = await startServer({ databaseUrl: database.url });
    await expect(createClient(again).ask(viewer)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await createClient(again, other.secret).ask(viewer)).toEqual({ viewer: { role: 'ADMIN' } });
  });
});

describe('a server that cannot start', () => {
  it('names every wrong setting at once', async () => {
    const { code, stderr, stdout } = await runServer({
      env: {
        MC_PORT: '70000',
        MC_JOB_INTERVAL: 'often',
        MC_PROT: '1',
        MC_API_KEY: 'short',
        MC_SCHEDULER: 'maybe',
      },
    });
    expect(code).toBe(1);
    expect(stderr).toContain('5 settings are wrong');
    for (const name of ['MC_PORT', 'MC_JOB_INTERVAL', 'MC_API_KEY', 'MC_SCHEDULER'])
      expect(stderr).toContain(name);
    expect(stderr).toContain('MC_PROT is not a setting: did you mean MC_PORT?');
    expect(stderr).not.toContain('short');
    expectForOperators(stderr);
    expect(stdout).toBe('');
  });

  it.each([
    ['a file stands in its place', 'file'],
    ['a file stands above it', 'file/data'],
    // Root may write here by the permissions of the folder, and yet nothing can be created.
    ...(process.platform === 'linux' ? [['the file system refuses', '/proc']] : []),
  ])('names MC_DATA_DIR if nothing can be created in the folder because %s', async (_why, path = '') => {
    const folder = await createServerFolder();
    await writeFile(join(folder, 'file'), '');
    const { code, stderr } = await runServer({ env: { MC_DATA_DIR: resolve(folder, path) } });
    expect(code).toBe(1);
    expect(stderr).toContain('Set MC_DATA_DIR');
    expectForOperators(stderr);
  });

  it('reports that its port is in use and what to do, and stops the PostgreSQL that it has started', async () => {
    const port = await aTakenPort();
    const dataDir = await createServerFolder();
    const { code, stderr } = await runServer({ dataDir, env: { MC_PORT: String(port) } });
    expect(code).toBe(1);
    expect(stderr).toContain(`port ${port}`);
    expect(stderr).toContain('MC_PORT');
    expectForOperators(stderr);
    expect(await findPostmasterPid(dataDir)).toBeNull();
  });

  it.each([
    ['no process listens', 'postgresql://clerk:hush@127.0.0.1:1/somewhere'],
    ['no process listens at any address of the host', 'postgresql://clerk:hush@localhost:1/somewhere'],
    ['the host is unknown', 'postgresql://clerk:hush@nowhere.invalid/somewhere'],
  ])('names DATABASE_URL without its password if %s', async (_case, databaseUrl) => {
    const { code, stderr, stdout } = await runServer({ databaseUrl });
    expect(code).toBe(1);
    expect(stderr).toMatch(/DATABASE_URL names: \w/);
    expect(stderr + stdout).not.toContain('hush');
    expectForOperators(stderr);
  });

  it('names DATABASE_URL if the database does not exist', async () => {
    const database = await createTestDatabase();
    onTestFinished(() => database.drop());
    const url = new URL(database.url);
    url.pathname = '/no_such_database';
    const { code, stderr } = await runServer({ databaseUrl: url.href });
    expect(code).toBe(1);
    expect(stderr).toContain('DATABASE_URL');
    expect(stderr).toContain('no_such_database');
    expectForOperators(stderr);
  });
});

/** Expects a sentence without a stack trace for a mistake of the operator. */
function expectForOperators(stderr: string): void {
  expect(stderr).toMatch(/^Mission Control did not start\. /);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stderr).not.toContain('node_modules');
}

async function aTakenPort(): Promise<number> {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  onTestFinished(() => void holder.close());
  const address = holder.address();
  if (address === null || typeof address === 'string') throw new Error('no port was taken');
  return address.port;
}
