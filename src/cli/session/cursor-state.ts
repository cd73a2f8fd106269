import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { systemClock } from '../../kernel/clock.js';
import { CommandError } from '../failures.js';

/** A cursor in a file. */
export interface CursorState {
  /** The cursor from which a stream goes on; null if there is none yet. */
  readonly cursor: string | null;
  /** Keeps a cursor. @throws CommandError if it cannot be written. */
  keep(cursor: string | null): Promise<void>;
  /** Writes what was not written yet. @throws CommandError if it cannot be written. */
  close(): Promise<void>;
}

/** A fast stream writes the file this often, in milliseconds: a file per event would slow it down. */
const WRITE_EVERY_MS = 200;

/** Opens the file of a cursor. @throws CommandError if it cannot be read or written. */
export async function openState(path: string): Promise<CursorState> {
  const cursor = await readCursor(path);
  let [kept, written] = [cursor, cursor];
  let writtenAt = Number.NEGATIVE_INFINITY;
  const flush = async () => {
    if (kept === null || kept === written) return;
    await writeCursor(path, kept);
    written = kept;
    writtenAt = systemClock.now();
  };
  return {
    cursor,
    async keep(next) {
      kept = next ?? kept;
      if (systemClock.now() - writtenAt >= WRITE_EVERY_MS) await flush();
    },
    close: flush,
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

/** Replaces the file, so that a crash leaves the old cursor or the new one. */
async function writeCursor(path: string, cursor: string): Promise<void> {
  const temporary = `${path}.${process.pid}`;
  try {
    await writeFile(temporary, `${cursor}\n`, { flush: true });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw toError(path, 'written', error);
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
