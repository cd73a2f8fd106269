import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import {
  findPostmasterFile,
  isPostmasterAlive,
  removeBrokenLockFiles,
  removeStaleLockFiles,
} from '../../../src/postgres/embedded/postmaster-file.js';
import {
  createDataFolder,
  createDataFolderWithCluster,
  findPostmasterPid,
  queryValue,
  startPostgres,
} from '../../support/postgres/data-folder.js';

describe('the lock files of a postmaster', () => {
  it('are removed if the process id belongs to another program', async () => {
    const dataDir = await createDataFolderWithCluster();
    const folder = join(dataDir, 'postgres');
    const first = await startPostgres(dataDir);
    const pidFile = await readFile(join(folder, 'postmaster.pid'), 'utf8');
    const lock = await readFile(join(folder, '.s.PGSQL.5432.lock'), 'utf8');
    await first.stop();

    // The id of a process of the same user: PostgreSQL itself would refuse to start.
    const foreign = String(process.pid);
    await writeFile(join(folder, 'postmaster.pid'), pidFile.replace(/^\d+/, foreign));
    await writeFile(join(folder, '.s.PGSQL.5432.lock'), lock.replace(/^\d+/, foreign));
    const next = await startPostgres(dataDir);
    expect(next.logged).toEqual(['postgres.started']);
    expect(await queryValue(next.connectionString, 'SELECT 1')).toBe(1);
    await next.stop();
  });

  it.each([
    ['is empty', ''],
    ['is garbled', '\u0000\u0000garbage\n'],
    ['is garbled in its first line', 'x\n/data\n1\n5432\n/data\n\n0 0\nready\n'],
    ['has zero for a process id', '0\n/data\n1\n5432\n/data\n\n0 0\nready\n'],
    ['ends after the id of another program', `${process.pid}\n`],
  ])('do not stop a start if postmaster.pid %s', async (_what, text) => {
    const dataDir = await createDataFolderWithCluster();
    const folder = join(dataDir, 'postgres');
    await writeFile(join(folder, 'postmaster.pid'), text);
    await writeFile(join(folder, '.s.PGSQL.5432.lock'), text);
    const postgres = await startPostgres(dataDir);
    expect(await queryValue(postgres.connectionString, 'SELECT 1')).toBe(1);
    await postgres.stop();
  });

  it('are kept while the postmaster that they name runs', async () => {
    const dataDir = await createDataFolderWithCluster();
    const folder = join(dataDir, 'postgres');
    const postgres = await startPostgres(dataDir);
    const text = await readFile(join(folder, 'postmaster.pid'), 'utf8');
    await removeBrokenLockFiles(folder);
    expect(await readFile(join(folder, 'postmaster.pid'), 'utf8')).toBe(text);
    await postgres.stop();
  });

  it('are valid while the postmaster runs', async () => {
    const dataDir = await createDataFolderWithCluster();
    const folder = join(dataDir, 'postgres');
    const postgres = await startPostgres(dataDir);
    const file = await findPostmasterFile(folder);
    expect(file).toMatchObject({
      pid: await findPostmasterPid(dataDir),
      isReady: true,
      address: { kind: 'socket' },
    });
    expect(file && (await isPostmasterAlive(file, folder))).toBe(true);
    await postgres.stop();
    await vi.waitFor(async () => expect(file && (await isPostmasterAlive(file, folder))).toBe(false), 20_000);
  });

  it('are kept if a new postmaster has written its own meanwhile', async () => {
    const folder = await createDataFolder();
    const pidFile = (second: number) => `${process.pid}\n/data\n${second}\n5432\n/data\n\n0 0\nready   \n`;
    await writeFile(join(folder, 'postmaster.pid'), pidFile(1));
    const stale = await findPostmasterFile(folder);
    await writeFile(join(folder, 'postmaster.pid'), pidFile(2));
    if (stale) await removeStaleLockFiles(stale, folder);
    expect(await readFile(join(folder, 'postmaster.pid'), 'utf8')).toBe(pidFile(2));

    const current = await findPostmasterFile(folder);
    if (current) await removeStaleLockFiles(current, folder);
    expect(await findPostmasterFile(folder)).toBeNull();
  });
});
