import { chmod, mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeDataDir } from '../../../src/postgres/data-dir.js';
import { inspectDataFolder } from '../../../src/postgres/embedded/data-folder.js';
import { EmbeddedPostgresError } from '../../../src/postgres/embedded/embedded-postgres-error.js';
import { narrowDataDir } from '../../../src/postgres/private-files.js';
import {
  createDataFolder,
  createDataFolderWithCluster,
  startPostgres,
} from '../../support/postgres/data-folder.js';

describe('a data folder', () => {
  it('is created with its parents, also by several servers at once', async () => {
    const path = join(await createDataFolder(), 'a', 'b', 'c');
    await Promise.all([makeDataDir(path), makeDataDir(path), makeDataDir(path)]);
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  it.runIf(process.platform !== 'win32')(
    'is created for its owner alone, and root lets others pass',
    async () => {
      const path = join(await createDataFolder(), 'data');
      await makeDataDir(path);
      expect(await modeOf(path)).toBe(process.getuid?.() === 0 ? 0o711 : 0o700);
      await startPostgres(path).then((postgres) => postgres.stop());
      expect(await modeOf(join(path, 'postgres.log'))).toBe(0o600);
    },
  );

  it.runIf(process.platform !== 'win32')(
    'that others can read is narrowed with its private files',
    async () => {
      const path = await createDataFolder(0o777);
      const files = ['admin.key', 'openclaw-device.pem', 'postgres.log', 'postgres.log.old', 'other'];
      for (const name of files) {
        await writeFile(join(path, name), 'x');
        await chmod(join(path, name), 0o664);
      }
      const secret = files.slice(0, 4).map((name) => join(path, name));
      expect(await narrowDataDir(path)).toEqual([path, ...secret]);
      expect(await modeOf(path)).toBe(process.getuid?.() === 0 ? 0o711 : 0o700);
      for (const file of secret) expect(await modeOf(file)).toBe(0o600);
      expect(await modeOf(join(path, 'other'))).toBe(0o664);
      expect(await narrowDataDir(path)).toEqual([]);
    },
  );

  it('that is narrower already, is meant for all, or does not exist is left alone', async () => {
    const narrow = await createDataFolder(0o500);
    const shared = await createDataFolder(0o1777);
    for (const path of [narrow, shared, join(narrow, 'none')]) expect(await narrowDataDir(path)).toEqual([]);
    expect([await modeOf(narrow), await modeOf(shared)]).toEqual([0o500, 0o1777]);
  });

  it('where nothing can be created is refused at once, and the refusal names the setting', async () => {
    const file = join(await createDataFolder(), 'file');
    await writeFile(file, 'x');
    for (const path of ['/proc/none', '/proc/none/deeper', file, join(file, 'deeper')])
      await expect(makeDataDir(path)).rejects.toThrow(/can't be written .* Set MC_DATA_DIR/);
  });

  it('of another major version is refused and not changed', async () => {
    const dataDir = await createDataFolder();
    await putFile(dataDir, 'postgres/PG_VERSION', '17\n');
    await putFile(dataDir, 'postgres/global/pg_control', 'x');
    await expectRefusal(
      dataDir,
      'OTHER_MAJOR_VERSION',
      /created by PostgreSQL 17, .* contains PostgreSQL 18/,
    );
  });

  it('that is not empty and not a cluster is refused and not changed', async () => {
    const dataDir = await createDataFolder();
    await putFile(dataDir, 'postgres/holiday.jpg', 'x');
    await expectRefusal(dataDir, 'DAMAGED', /no PG_VERSION/);
  });

  it('that is a file is refused and not changed', async () => {
    const dataDir = await createDataFolder();
    await putFile(dataDir, 'postgres', 'x');
    await expectRefusal(dataDir, 'DAMAGED', /it is a file/);
  });

  it('that cannot be read, or whose log cannot be written, is refused with advice', async () => {
    const dataDir = await createDataFolderWithCluster();
    await mkdir(join(dataDir, 'postgres.log'));
    await expectRefusal(dataDir, 'NOT_ACCESSIBLE', /postgres\.log can't be written \(EISDIR.*Move it away/);
    await rename(join(dataDir, 'postgres/PG_VERSION'), join(dataDir, 'PG_VERSION'));
    await mkdir(join(dataDir, 'postgres/PG_VERSION'));
    await expectRefusal(dataDir, 'NOT_ACCESSIBLE', /can't be read \(EISDIR.*Start the server as/);
  });

  it('that misses a required file is refused and not changed', async () => {
    const dataDir = await createDataFolderWithCluster();
    const cluster = join(dataDir, 'postgres');
    const lost = join(dataDir, 'lost');
    for (const part of ['global/pg_control', 'pg_wal', 'base', 'pg_hba.conf']) {
      await rename(join(cluster, part), lost);
      await expectRefusal(dataDir, 'DAMAGED', new RegExp(`${part} is missing`));
      await rename(lost, join(cluster, part));
    }
    expect(await inspectDataFolder(cluster, 18)).toBe('cluster');
  });

  it('that PostgreSQL itself refuses is reported with the reason from its log', async () => {
    const dataDir = await createDataFolderWithCluster();
    await writeFile(join(dataDir, 'postgres/postgresql.conf'), 'not = a setting\n');
    await expect(startPostgres(dataDir)).rejects.toThrow(/did not start.*postgres\.log.*contains errors/s);
  });

  it('counts as empty if it is missing or has no files', async () => {
    const dataDir = await createDataFolder();
    expect(await inspectDataFolder(join(dataDir, 'postgres'), 18)).toBe('empty');
    await mkdir(join(dataDir, 'postgres'));
    expect(await inspectDataFolder(join(dataDir, 'postgres'), 18)).toBe('empty');
    const other = await createDataFolderWithCluster();
    expect(await inspectDataFolder(join(other, 'postgres'), 18)).toBe('cluster');
  });
});

async function putFile(dataDir: string, path: string, text: string): Promise<void> {
  await mkdir(join(dataDir, path, '..'), { recursive: true });
  await writeFile(join(dataDir, path), text);
}

async function expectRefusal(dataDir: string, fault: string, message: RegExp): Promise<void> {
  const before = await fingerprint(dataDir);
  const error: unknown = await startPostgres(dataDir).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(EmbeddedPostgresError);
  expect(error).toMatchObject({ fault, message: expect.stringMatching(message) });
  expect(await fingerprint(dataDir)).toEqual(before);
}

/** Names, sizes and change times of everything in the folder, including the folder itself. */
async function fingerprint(folder: string): Promise<string[]> {
  const names = ['.', ...(await readdir(folder, { recursive: true }))];
  const lines = names.map(async (name) => {
    const { size, ctimeMs, ino } = await stat(join(folder, name));
    return `${name} ${ino} ${size} ${ctimeMs}`;
  });
  return (await Promise.all(lines)).sort();
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o7777;
}
