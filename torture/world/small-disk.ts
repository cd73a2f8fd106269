import { execFile } from 'node:child_process';
import { chmod, mkdir, open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The size of the disk. An empty cluster takes about 50 MB of it, and the log of transactions up to 96 MB. */
const SIZE = '384m';

/** A small disk of its own for PostgreSQL, which can be filled without harm to the machine. */
export interface SmallDisk {
  readonly folder: string;
  /** Why the machine has no such disk; null if it has one. */
  readonly missing: string | null;
  fill(): Promise<void>;
  free(): Promise<void>;
  remove(): Promise<void>;
}

/** Mounts a disk in memory. Where that is not allowed, the folder is an ordinary one and can't be filled. */
export async function mountSmallDisk(folder: string): Promise<SmallDisk> {
  await mkdir(folder, { recursive: true });
  const missing = await mount(folder);
  // Started by root, PostgreSQL runs as another user, which has to be able to enter the folder.
  await chmod(folder, 0o711);
  const ballast = join(folder, 'ballast');
  return {
    folder,
    missing,
    async fill() {
      if (missing !== null) return;
      const { bavail, bsize } = await statfs(folder);
      const file = await open(ballast, 'w');
      const megabyte = Buffer.alloc(1_048_576);
      try {
        for (let rest = bavail * bsize; rest > 0; rest -= megabyte.length) await file.write(megabyte);
      } catch {
        // The disk is full.
      } finally {
        await file.close();
      }
    },
    free: () => rm(ballast, { force: true }),
    async remove() {
      if (missing === null) await run('umount', [folder]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function mount(folder: string): Promise<string | null> {
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', folder]);
    return null;
  } catch (error) {
    const reason =
      error instanceof Error ? (error.message.split('\n').at(1) ?? error.message) : String(error);
    return reason.trim();
  }
}
