import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface LockedPackage {
  resolved?: string;
  link?: boolean;
  integrity?: string;
}

const lockfile: { packages: Record<string, LockedPackage> } = JSON.parse(
  readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'),
);
const locked = Object.entries(lockfile.packages).filter(([path]) => path !== '');

describe('the lockfile', () => {
  it('names no registry, so that npm ci asks the one its user has configured', () => {
    expect(locked.filter(([, entry]) => entry.resolved !== undefined).map(([path]) => path)).toEqual([]);
  });

  it('pins every package by its checksum', () => {
    const unpinned = locked.filter(([, entry]) => entry.integrity === undefined && entry.link !== true);
    expect(locked.length).toBeGreaterThan(100);
    expect(unpinned.map(([path]) => path)).toEqual([]);
  });
});
