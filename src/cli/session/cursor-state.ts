import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { CommandError } from '../failures.js';

/** A cursor in a file. */
export interface CursorState {
  /** The cursor from which a stream goes on; null if there is none yet. */
  readonly cursor: string | null;
  /** Keeps a cursor. @throws CommandError if it cannot be written. */
  keep(cursor: string | null): Promise<void>;
  /** Closes the file. */
  close(): Promise<void>;
}

/** The length of the file. A cursor of the event log is far shorter. */
const FILE_BYTES = 512;

/**
 * Opens the file of a cursor. Each cursor is written over the last one, in one write: a process that is killed leaves one of
 * the two, and the file needs no more room on a disk that gets full. After a power failure it may have an older cursor.
 *
 * @throws CommandError if it cannot be read or written.
 */
export async function openState(path: string): Promise<CursorState> {
  const cursor = await readCursor(path);
  let [kept, file]: [string | null, FileHandle | null] = [cursor, null];
  return {
    cursor,
    async keep(next) {
      if (next === null || next === kept) return;
      const content = `${next}\n`.padEnd(FILE_BYTES);
      try {
        if (file === null) file = await replaceFile(path, content);
        else await file.write(content, 0);
      } catch (error) {
        throw toError(path, 'written', error);
      }
      kept = next;
    },
    close: async () => await file?.close(),
  };
}

async function readCursor(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim() || null;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw toError(path, 'read', error);
  }
}

/** Replaces the file, so that a crash leaves the old one or the new one, each with a cursor. */
async function replaceFile(path: string, content: string): Promise<FileHandle> {
  const temporary = `${path}.${process.pid}`;
  const file = await open(temporary, 'w');
  try {
    await file.write(content, 0);
    await file.sync();
    await rename(temporary, path);
    return file;
  } catch (error) {
    await file.close();
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

function toError(path: string, what: string, error: unknown): CommandError {
  const reason = error instanceof Error ? error.message : String(error);
  const advice = 'Make room or name another file with --state: nothing after the last kept cursor is lost.';
  return new CommandError(`${path} cannot be ${what}: ${reason}. ${advice}`, {
    code: 'STATE_UNUSABLE',
    cause: error,
  });
}
