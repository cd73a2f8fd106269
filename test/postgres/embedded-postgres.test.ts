import { readdir } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import {
  createDataFolder,
  createDataFolderWithCluster,
  findPostmasterPid,
  isRunning,
  queryValue,
  spawnServer,
  startPostgres,
} from '../support/postgres/data-folder.js';

const clusterIdentity = 'SELECT system_identifier FROM pg_control_system()';
const tenantProcess = `SELECT pid FROM pg_stat_activity WHERE application_name = 'mission-control tenant'`;

/** Creates the folder of a server that was killed while it created its cluster. */
async function createInterruptedFolder(): Promise<string> {
  for (let attempt = 1; attempt <= 10; attempt += 1) {
    const dataDir = await createDataFolder();
    const server = spawnServer(dataDir);
    const names = () => readdir(dataDir);
    await vi.waitFor(async () => expect((await names()).join()).toMatch(/postgres(,|$|\.new-)/), 20_000);
    await server.kill();
    if (!(await names()).includes('postgres')) return dataDir;
    // On a busy machine the kill may come after the creation.
  }
  throw new Error('the cluster was there before each kill');
}

describe('the embedded PostgreSQL', () => {
  it('is created by the first start, stopped by a clean stop, and keeps its data', async () => {
    const dataDir = await createDataFolder();
    const first = await startPostgres(dataDir);
    expect(first.logged).toEqual(['postgres.created', 'postgres.started']);
    await queryValue(first.connectionString, 'CREATE TABLE kept AS SELECT 7 AS seven');
    const pid = await findPostmasterPid(dataDir);
    await first.stop();
    await first.stop();
    expect(await findPostmasterPid(dataDir)).toBeNull();
    await vi.waitFor(() => expect(isRunning(pid ?? 0)).toBe(false), 20_000);

    const second = await startPostgres(dataDir);
    expect(second.logged).toEqual(['postgres.started']);
    expect(await queryValue(second.connectionString, 'SELECT seven FROM kept')).toBe(7);
    await second.stop();
    expect((await readdir(dataDir)).sort()).toEqual(['postgres', 'postgres.log']);
  });

  it('writes durably by default and opens no port', async () => {
    const postgres = await startPostgres(await createDataFolderWithCluster(), true);
    const read = (name: string) => queryValue(postgres.connectionString, `SHOW ${name}`);
    expect(await read('fsync')).toBe('on');
    expect(await read('full_page_writes')).toBe('on');
    expect(await read('synchronous_commit')).toBe('on');
    expect(await read('listen_addresses')).toBe('');
    await postgres.stop();
  });

  it('is left to end by itself when it takes too long to stop', async () => {
    const dataDir = await createDataFolderWithCluster();
    const postgres = await startPostgres(dataDir, false, 50);
    const pid = (await findPostmasterPid(dataDir)) ?? 0;
    process.kill(pid, 'SIGSTOP');
    await postgres.stop();
    expect(postgres.logged.at(-1)).toBe('postgres.slow_stop');
    process.kill(pid, 'SIGCONT');
    await vi.waitFor(async () => expect(await findPostmasterPid(dataDir)).toBeNull(), 20_000);
  });

  it('is left running when it does not answer, and is found by the next start', async () => {
    const dataDir = await createDataFolderWithCluster();
    const first = await startPostgres(dataDir);
    const pid = await findPostmasterPid(dataDir);
    const tenant = Number(await queryValue(first.connectionString, tenantProcess));
    process.kill(tenant, 'SIGSTOP');
    await first.stop();
    process.kill(tenant, 'SIGCONT');
    expect(first.logged.at(-1)).toBe('postgres.not_stopped');
    const next = await startPostgres(dataDir);
    expect(next.logged).toEqual(['postgres.found']);
    expect(await findPostmasterPid(dataDir)).toBe(pid);
    await next.stop();
  });

  it('is shared by a second server and outlives the stop of the first', async () => {
    const dataDir = await createDataFolderWithCluster();
    const first = await startPostgres(dataDir);
    const pid = await findPostmasterPid(dataDir);
    const second = await startPostgres(dataDir);
    expect(second.logged).toEqual(['postgres.found']);
    await first.stop();
    expect(first.logged).toContain('postgres.left');
    expect(await findPostmasterPid(dataDir)).toBe(pid);
    expect(await queryValue(second.connectionString, 'SELECT 1')).toBe(1);
    await second.stop();
    expect(await findPostmasterPid(dataDir)).toBeNull();
  });

  it('is stopped when all its servers stop at once', async () => {
    const dataDir = await createDataFolderWithCluster();
    const servers = [
      await startPostgres(dataDir),
      await startPostgres(dataDir),
      await startPostgres(dataDir),
    ];
    await Promise.all(servers.map((server) => server.stop()));
    expect(await findPostmasterPid(dataDir)).toBeNull();
  });

  it('outlives a killed server and is found by the next start', async () => {
    const dataDir = await createDataFolderWithCluster();
    const killed = spawnServer(dataDir);
    await queryValue(await killed.ready, 'CREATE TABLE kept AS SELECT 7 AS seven');
    const pid = await findPostmasterPid(dataDir);
    await killed.kill();

    const next = await startPostgres(dataDir);
    expect(next.logged).toEqual(['postgres.found']);
    expect(await findPostmasterPid(dataDir)).toBe(pid);
    expect(await queryValue(next.connectionString, 'SELECT seven FROM kept')).toBe(7);
    await next.stop();
    expect(await findPostmasterPid(dataDir)).toBeNull();
  });

  it('is the same for all servers that start at once on an empty folder', async () => {
    const dataDir = await createDataFolder();
    const others = [spawnServer(dataDir), spawnServer(dataDir)];
    const own = await startPostgres(dataDir);
    const urls = [own.connectionString, ...(await Promise.all(others.map((server) => server.ready)))];
    const identities = await Promise.all(urls.map((url) => queryValue(url, clusterIdentity)));
    expect(new Set(identities).size).toBe(1);
    await own.stop();
    await Promise.all(others.map((server) => server.stop()));
    expect(await findPostmasterPid(dataDir)).toBeNull();
    expect((await readdir(dataDir)).sort()).toEqual(['postgres', 'postgres.log']);
  });

  it('is created completely by the next start after a kill during its creation', async () => {
    const dataDir = await createInterruptedFolder();
    const next = await startPostgres(dataDir);
    expect(next.logged).toContain('postgres.created');
    await next.stop();
    const after = await startPostgres(dataDir);
    await after.stop();
    expect((await readdir(dataDir)).sort()).toEqual(['postgres', 'postgres.log']);
  });

  it('serves a start that runs at the same time as a stop', async () => {
    const dataDir = await createDataFolderWithCluster();
    let running = await startPostgres(dataDir);
    for (let round = 0; round < 8; round += 1) {
      const [next] = await Promise.all([startPostgres(dataDir), running.stop()]);
      expect(await queryValue(next.connectionString, 'SELECT 1')).toBe(1);
      running = next;
    }
    await running.stop();
    expect(await findPostmasterPid(dataDir)).toBeNull();
  });

  it('is joined again after one of its processes crashed and all connections were closed', async () => {
    const dataDir = await createDataFolderWithCluster();
    const postgres = await startPostgres(dataDir);
    const pid = await findPostmasterPid(dataDir);
    process.kill(Number(await queryValue(postgres.connectionString, tenantProcess)), 'SIGKILL');
    // Lost and found several times if it joins before PostgreSQL has noticed the crash.
    const rejoins = /^postgres\.started(,postgres\.lost,postgres\.found)+$/;
    await vi.waitFor(() => expect(postgres.logged.join()).toMatch(rejoins), 20_000);
    expect(await findPostmasterPid(dataDir)).toBe(pid);
    await postgres.stop();
    expect(await findPostmasterPid(dataDir)).toBeNull();
  });

  it('is started again at the same address when PostgreSQL is killed', async () => {
    const dataDir = await createDataFolderWithCluster();
    const postgres = await startPostgres(dataDir, true);
    await queryValue(postgres.connectionString, 'CREATE TABLE kept AS SELECT 7 AS seven');
    process.kill((await findPostmasterPid(dataDir)) ?? 0, 'SIGKILL');
    const restart = ['postgres.started', 'postgres.lost', 'postgres.started'];
    await vi.waitFor(() => expect(postgres.logged).toEqual(restart), 20_000);
    expect(await queryValue(postgres.connectionString, 'SELECT seven FROM kept')).toBe(7);
    await postgres.stop();
    expect(await findPostmasterPid(dataDir)).toBeNull();
  });
});
