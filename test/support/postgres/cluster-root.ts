import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** Where Linux keeps files in memory. */
const IN_MEMORY = '/dev/shm';

/** A run of all tests takes a tenth of this. Containers often have only 64 MB there. */
const ENOUGH_BYTES = 4 * 1_024 ** 3;

/**
 * The folder for clusters that tests throw away. Each test file creates and deletes hundreds of files of a database: ext4
 * looks for a free inode among those that were deleted a moment ago, which took a third of PostgreSQL's processor time.
 */
export function clusterRoot(): string {
  return hasRoom() ? IN_MEMORY : tmpdir();
}

function hasRoom(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const { bavail, bsize } = statfsSync(IN_MEMORY);
    return bavail * bsize >= ENOUGH_BYTES;
  } catch {
    return false;
  }
}
