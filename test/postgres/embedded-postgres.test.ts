import { readdir } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import {
  aDataFolder,
  aDataFolderWithCluster,
  askFor,
  findPostmasterPid,
  isRunning,
  spawnServer,
  start,
} from '../support/postgres/data-folder.js';

const clusterIdentity = 'SELECT system_identifier FROM pg_control_system()';
const tenantProcess = `SELECT pid FROM pg_stat_activity WHERE application_name = 'mission-control tenant'`;

/** The folder of a server that was killed while it created its cluster. */
async function aFolderLeftInCreation(): Promise<string> {
  for (let attempt = 1; attempt <= 10; attempt += 1) {
    const dataDir = await aDataFolder();
    const server = spawnServer(dataDir);
    const names = () => readdir(dataDir);
    await vi.waitFor(async () => expect((await names()).join()).toMatch(/postgres(,|$|\.new-)/), 20_000);
    await server.kill();
    if (!(await names()).includes('postgres')) return dataDir;
    // Whoever looks late, on a busy machine, finds the creation over.
  }
  throw new Error('the cluster was there before each kill');
}

describe('the embedded PostgreSQL', () => {
  it('is created by the first start, stopped by a clean stop, and keeps its data', async () => {
    const dataDir = await aDataFolder();
    const first = await start(dataDir);
    expect(first.said).toEqual(['postgres.created', 'postgres.started']);
    await askFor(first.connectionString, 'CREATE TABLE kept AS SELECT 7 AS seven');
    const pid = await findPostmasterPid(dataDir);
    await first.stop();
    await first.stop();
    expect(await findPostmasterPid(dataDir)).toBeNull();
    await vi.waitFor(() => expect(isRunning(pid ?? 0)).toBe(false), 20_000);

    const second = await start(dataDir);
    expect(second.said).toEqual(['postgres.started']);
    expect(await askFor(second.connectionString, 'SELECT seven FROM kept')).toBe(7);
    await second.stop();
    expect((await readdir(dataDir)).sort()).toEqual(['postgres', 'postgres.log']);
  });

  it('writes durably unless told that nothing is at stake, and opens no port', async () => {
    const postgres = await start(await aDataFolderWithCluster(), true);
    const read = (name: string) => askFor(postgres.connectionString, `SHOW ${name}`);
    expect(await read('fsync')).toBe('on');
    expect(await read('full_page_writes')).toBe('on');
    expect(await read('synchronous_commit')).toBe('on');
    expect(await read('listen_addresses')).toBe('');
    await postgres.stop();
  });

  it('is left to end by itself when it takes too long to stop', async () => {
    const dataDir = await aDataFolderWithCluster();
    const postgres = await start(dataDir, false, 50);
    const pid = (await findPostmasterPid(dataDir)) ?? 0;
    process.kill(pid, 'SIGSTOP');
    await postgres.stop();
    expect(postgres.said.at(-1)).toBe('postgres.slow_stop');
    process.kill(pid, 'SIGCONT');
    await vi.waitFor(async () => expect(await findPostmasterPid(dataDir)).toBeNull(), 20_000);
  });

  it('is left running when it does not answer, and is found by the next start', async () => {
    const dataDir = await aDataFolderWithCluster();
    const first = await start(dataDir);
    const pid = await findPostmasterPid(dataDir);
    const tenant = Number(await askFor(first.connectionString, tenantProcess));
    process.kill(tenant, 'SIGSTOP');
    await first.stop();
    process.kill(tenant, 'SIGCONT');
    expect(first.said.at(-1)).toBe('postgres.not_stopped');
    const next = await start(dataDir);
    expect(next.said).toEqual(['postgres.found']);
    expect(await findPostmasterPid(dataDir)).toBe(pid);
    await next.stop();
  });

  it('is shared by a second server and outlives the stop of the first', async () => {
    const dataDir = await aDataFolderWithCluster();
    const first = await start(dataDir);
    const pid = await findPostmasterPid(dataDir);
    const second = await start(dataDir);
    expect(second.said).toEqual(['postgres.found']);
    await first.stop();
    expect(first.said).toContain('postgres.left');
    expect(await findPostmasterPid(dataDir)).toBe(pid);
    expect(await askFor(second.connectionString, 'SELECT 1')).toBe(1);
    await second.stop();
    expect(await findPostmasterPid(dataDir)).toBeNull();
  });

  it('is stopped when all its servers stop at once', async () => {
    const dataDir = await aDataFolderWithCluster();
    const servers = [await start(dataDir), await start(dataDir), await start(dataDir)];
    await Promise.all(servers.map((server) => server.stop()));
    expect(await findPostmasterPid(dataDir)).toBeNull();
  });

  it('outlives a killed server and is found by the next start', async () => {
    const dataDir = await aDataFolderWithCluster();
    const killed = spawnServer(dataDir);
    await askFor(await killed.ready, 'CREATE TABLE kept AS SELECT 7 AS seven');
    const pid = await findPostmasterPid(dataDir);
    await killed.kill();

    const next = await start(dataDir);
    expect(next.said).toEqual(['postgres.found']);
    expect(await findPostmasterPid(dataDir)).toBe(pid);
    expect(await askFor(next.connectionString, 'SELECT seven FROM kept')).toBe(7);
    await next.stop();
    expect(await findPostmasterPid(dataDir)).toBeNull();
  });

  it('is one and the same for servers that start at once on an empty folder', async () => {
    const dataDir = await aDataFolder();
    const others = [spawnServer(dataDir), spawnServer(dataDir)];
    const own = await start(dataDir);
    const urls = [own.connectionString, ...(await Promise.all(others.map((server) => server.ready)))];
    const identities = await Promise.all(urls.map((url) => askFor(url, clusterIdentity)));
    expect(new Set(identities).size).toBe(1);
    await own.stop();
    await Promise.all(others.map((server) => server.stop()));
    expect(await findPostmasterPid(dataDir)).toBeNull();
    expect((await readdir(dataDir)).sort()).toEqual(['postgres', 'postgres.log']);
  });

  it('is not left half made by a kill in the middle of its creation', async () => {
    const dataDir = await aFolderLeftInCreation();
    const next = await start(dataDir);
    expect(next.said).toContain('postgres.created');
    await next.stop();
    const after = await start(dataDir);
    await after.stop();
    expect((await readdir(dataDir)).sort()).toEqual(['postgres', 'postgres.log']);
  });

  it('serves a start that meets a stop, whoever is first', async () => {
    const dataDir = await aDataFolderWithCluster();
    let running = await start(dataDir);
    for (let round = 0; round < 8; round += 1) {
      const [next] = await Promise.all([start(dataDir), running.stop()]);
      expect(await askFor(next.connectionString, 'SELECT 1')).toBe(1);
      running = next;
    }
    await running.stop();
    expect(await findPostmasterPid(dataDir)).toBeNull();
  });

  it('is joined again after one of its processes crashed and took all connections along', async () => {
    const dataDir = await aDataFolderWithCluster();
    const postgres = await start(dataDir);
    const pid = await findPostmasterPid(dataDir);
    process.kill(Number(await askFor(postgres.connectionString, tenantProcess)), 'SIGKILL');
    // Twice where it joins before PostgreSQL has noticed the crash.
    const comebacks = /^postgres\.started(,postgres\.lost,postgres\.found)+$/;
    await vi.waitFor(() => expect(postgres.said.join()).toMatch(comebacks), 20_000);
    expect(await findPostmasterPid(dataDir)).toBe(pid);
    await postgres.stop();
    expect(await findPostmasterPid(dataDir)).toBeNull();
  });

  it('comes back at the same address when PostgreSQL is killed under its servers', async () => {
    const dataDir = await aDataFolderWithCluster();
    const postgres = await start(dataDir, true);
    await askFor(postgres.connectionString, 'CREATE TABLE kept AS SELECT 7 AS seven');
    process.kill((await findPostmasterPid(dataDir)) ?? 0, 'SIGKILL');
    const comeback = ['postgres.started', 'postgres.lost', 'postgres.started'];
    await vi.waitFor(() => expect(postgres.said).toEqual(comeback), 20_000);
    expect(await askFor(postgres.connectionString, 'SELECT seven FROM kept')).toBe(7);
    await postgres.stop();
    expect(await findPostmasterPid(dataDir)).toBeNull();
  });
});
