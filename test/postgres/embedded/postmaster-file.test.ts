import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import {
  findPostmasterFile,
  isPostmasterAlive,
  removeStaleClaims,
} from '../../../src/postgres/embedded/postmaster-file.js';
import {
  aDataFolder,
  aDataFolderWithCluster,
  askFor,
  findPostmasterPid,
  start,
} from '../../support/postgres/data-folder.js';

describe('the claim of a postmaster', () => {
  it('does not stand when its process number has passed to another program', async () => {
    const dataDir = await aDataFolderWithCluster();
    const folder = join(dataDir, 'postgres');
    const first = await start(dataDir);
    const claim = await readFile(join(folder, 'postmaster.pid'), 'utf8');
    const lock = await readFile(join(folder, '.s.PGSQL.5432.lock'), 'utf8');
    await first.stop();

    // The number of a process of the same user, for which PostgreSQL would give up.
    const foreign = String(process.pid);
    await writeFile(join(folder, 'postmaster.pid'), claim.replace(/^\d+/, foreign));
    await writeFile(join(folder, '.s.PGSQL.5432.lock'), lock.replace(/^\d+/, foreign));
    const next = await start(dataDir);
    expect(next.said).toEqual(['postgres.started']);
    expect(await askFor(next.connectionString, 'SELECT 1')).toBe(1);
    await next.stop();
  });

  it('stands while its postmaster lives', async () => {
    const dataDir = await aDataFolderWithCluster();
    const folder = join(dataDir, 'postgres');
    const postgres = await start(dataDir);
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

  it('is not taken away when a new postmaster has made its own meanwhile', async () => {
    const folder = await aDataFolder();
    const claim = (second: number) => `${process.pid}\n/data\n${second}\n5432\n/data\n\n0 0\nready   \n`;
    await writeFile(join(folder, 'postmaster.pid'), claim(1));
    const stale = await findPostmasterFile(folder);
    await writeFile(join(folder, 'postmaster.pid'), claim(2));
    if (stale) await removeStaleClaims(stale, folder);
    expect(await readFile(join(folder, 'postmaster.pid'), 'utf8')).toBe(claim(2));

    const current = await findPostmasterFile(folder);
    if (current) await removeStaleClaims(current, folder);
    expect(await findPostmasterFile(folder)).toBeNull();
  });
});
