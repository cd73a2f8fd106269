import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fitsSocket } from '../../../src/postgres/embedded/address.js';
import {
  createDataFolder,
  findPostmasterPid,
  queryValue,
  spawnServer,
  startPostgres,
} from '../../support/postgres/data-folder.js';

describe('the address of the embedded PostgreSQL', () => {
  it('is a socket if its path is short enough for the system', () => {
    const name = '/.s.PGSQL.5432';
    expect(fitsSocket('x'.repeat(107 - name.length), 'linux')).toBe(true);
    expect(fitsSocket('x'.repeat(108 - name.length), 'linux')).toBe(false);
    expect(fitsSocket(`ü${'x'.repeat(106 - name.length)}`, 'linux')).toBe(false);
    expect(fitsSocket('x'.repeat(104 - name.length), 'darwin')).toBe(false);
    expect(fitsSocket('C:/data', 'win32')).toBe(false);
  });

  it('is a local port with a password if the path is too long for a socket', async () => {
    const dataDir = join(await createDataFolder(), 'a-long-name'.repeat(12));
    const first = await startPostgres(dataDir);
    expect(first.connectionString).toMatch(/^postgresql:\/\/mission_control:mc_[\w-]{43}@127\.0\.0\.1:\d+\//);
    expect(await queryValue(first.connectionString, 'SELECT 1')).toBe(1);
    await expect(queryValue(first.connectionString.replace('mc_', 'xx_'), 'SELECT 1')).rejects.toThrow(
      /password/,
    );

    const second = await startPostgres(dataDir);
    expect(second.logged).toEqual(['postgres.found']);
    expect(second.connectionString).toBe(first.connectionString);
    await first.stop();
    await second.stop();
    expect(await findPostmasterPid(dataDir)).toBeNull();
  });

  it('works with spaces, commas, quotes and percent signs in the name of the folder', async () => {
    const dataDir = join(await createDataFolder(), `odd "name", 100%'s ü`);
    const postgres = await startPostgres(dataDir);
    expect(postgres.connectionString).toContain('?host=');
    expect(await queryValue(postgres.connectionString, 'SELECT 1')).toBe(1);
    await postgres.stop();
  });

  it('is found again after a kill if it is a port', async () => {
    const dataDir = join(await createDataFolder(), 'a-long-name'.repeat(12));
    const killed = spawnServer(dataDir);
    const url = await killed.ready;
    await killed.kill();
    const next = await startPostgres(dataDir);
    expect(next.logged).toEqual(['postgres.found']);
    expect(next.connectionString).toBe(url);
    await next.stop();
  });
});
