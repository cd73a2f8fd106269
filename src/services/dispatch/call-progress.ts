import { setTimeout as pause } from 'node:timers/promises';
import { LIMITS } from '../../domain/limits.js';
import { toStorable } from '../../domain/stored-text.js';
import { inTransaction } from '../../postgres/transaction.js';
import { findRun, writeProgress } from '../../store/runs/runs.js';
import type { ServiceContext } from '../service-context.js';

/** The progress of a call, written from time to time. */
export interface CallProgress {
  push(text: string): void;
  /** Waits for the write that is under way and writes no more. */
  end(): Promise<void>;
}

/** A program may print a thousand lines a second; each write is an event that goes to all subscribers. */
const PAUSE_MS = 2_000;

/** Writes the newest text at once, and again after a pause if there was more meanwhile. */
export function createProgress(
  write: ((text: string) => Promise<void>) | undefined,
): CallProgress | undefined {
  if (write === undefined) return undefined;
  let newest: string | null = null;
  let writing: Promise<void> | null = null;
  const ended = new AbortController();

  async function writeAll(save: (text: string) => Promise<void>): Promise<void> {
    while (newest !== null && !ended.signal.aborted) {
      const text = newest;
      newest = null;
      await save(text);
      await pause(PAUSE_MS, null, { signal: ended.signal }).catch(() => null);
    }
    writing = null;
  }

  return {
    push(text) {
      if (text.trim() === '') return;
      newest = text;
      writing ??= writeAll(write);
    },
    async end() {
      ended.abort();
      await writing;
    },
  };
}

/** Writes the end of what a call has produced as the progress of its run, if the run is still this process's. */
export async function reportCallProgress(
  { database, instrument }: Pick<ServiceContext, 'database' | 'instrument'>,
  { id, dispatcher }: { readonly id: string; readonly dispatcher: string },
  text: string,
): Promise<void> {
  const message = toStorable(text.trim().slice(-LIMITS.progressLength));
  try {
    await inTransaction(database, async (tx) => {
      const run = await findRun(tx, id);
      if (run === null || run.dispatcher !== dispatcher) return;
      if ((await writeProgress(tx, id, message, null)) === null) return;
      const { taskId, agentId } = run;
      tx.emit({
        type: 'run.progress',
        actor: { keyId: null, agentId },
        taskId,
        agentId,
        runId: id,
        payload: { message },
      });
    });
  } catch (error) {
    // The next progress or the end of the run says more.
    instrument.emit('debug', 'run.progress_not_written', 'The progress of a call could not be written', {
      runId: id,
      error,
    });
  }
}
