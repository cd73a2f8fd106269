import { once } from 'node:events';
import {
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { findBinaries } from '../../../src/postgres/embedded/binaries.js';
import { linkLibraries } from '../../../src/postgres/embedded/library-links.js';
import { spawnAs } from '../../../src/postgres/embedded/run-as.js';

const isLinux = process.platform === 'linux';

describe('library links', () => {
  let folder: string;
  let root: string;
  let ownFolder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mission-control-links-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    root = join(folder, 'package');
    ownFolder = join(folder, 'own');
    await mkdir(join(root, 'native', 'lib'), { recursive: true });
    await writeFile(join(root, 'native', 'lib', 'libicuuc.so.60.2'), 'code');
    await writeList('native/lib/libicuuc.so.60.2', ['native/lib/libicuuc.so', 'native/lib/libicuuc.so.60']);
  });

  it('are created in the package by several callers at once', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => linkLibraries(root, ownFolder)));
    expect(new Set(answers)).toEqual(new Set([null]));
    expect(await readFile(join(root, 'native/lib/libicuuc.so'), 'utf8')).toBe('code');
    expect(await readlink(join(root, 'native/lib/libicuuc.so.60'))).toBe('libicuuc.so.60.2');
    expect((await readdir(join(root, 'native/lib'))).length).toBe(3);
  });

  it('are corrected if they point elsewhere, and regular files in their place are kept', async () => {
    await symlink('nowhere', join(root, 'native/lib/libicuuc.so'));
    await writeFile(join(root, 'native/lib/libicuuc.so.60'), 'a copy');
    expect(await linkLibraries(root, ownFolder)).toBeNull();
    expect(await readlink(join(root, 'native/lib/libicuuc.so'))).toBe('libicuuc.so.60.2');
    expect(await readFile(join(root, 'native/lib/libicuuc.so.60'), 'utf8')).toBe('a copy');
  });

  it.runIf(isLinux)('are created in a private folder if the package cannot be written', async () => {
    // Not even root can create links in /sys.
    await writeList('native/lib/libicuuc.so.60.2', ['/sys/libicuuc.so.60']);
    const path = `${ownFolder}:${join(root, 'native/lib')}`;
    expect(await linkLibraries(root, ownFolder)).toBe(path);
    expect(await readlink(join(ownFolder, 'libicuuc.so.60'))).toBe(join(root, 'native/lib/libicuuc.so.60.2'));
    expect(await linkLibraries(root, ownFolder)).toBe(path);
  });

  it.runIf(isLinux)('let the programs run from both places', async () => {
    const { root: installed, initdb } = await findBinaries();
    await cp(join(installed, 'native'), join(root, 'native'), { recursive: true, filter: isNoLink });
    const program = join(root, 'native/bin', basename(initdb));
    expect(await runVersion(program, null)).toBe(127);

    const listFile = join(root, 'native/pg-symlinks.json');
    const list = await readFile(listFile, 'utf8');
    await writeFile(listFile, list.replaceAll('"target":"native/lib/', '"target":"/sys/'));
    expect(await runVersion(program, await linkLibraries(root, ownFolder))).toBe(0);
    await writeFile(listFile, list);
    expect(await runVersion(program, await linkLibraries(root, ownFolder))).toBe(0);
  });

  it('are not created for a package without a list', async () => {
    await rm(join(root, 'native/pg-symlinks.json'));
    expect(await linkLibraries(root, ownFolder)).toBeNull();
    expect(await readdir(folder)).toEqual(['package']);
  });

  async function writeList(source: string, targets: string[]): Promise<void> {
    const list = targets.map((target) => ({ source, target }));
    await writeFile(join(root, 'native', 'pg-symlinks.json'), JSON.stringify(list));
  }
});

async function isNoLink(path: string): Promise<boolean> {
  return !(await lstat(path)).isSymbolicLink();
}

async function runVersion(program: string, libraryPath: string | null): Promise<unknown> {
  const child = spawnAs({ kind: 'self' }, program, ['--version'], libraryPath, { stdio: 'ignore' });
  const [code] = await once(child, 'exit');
  return code;
}
