import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CallWork } from '../gateway.js';
import type { AccountIds } from './account-ids.js';

/** Environment variables that tell a program what it works on. */
export interface WorkFacts {
  readonly environment: Readonly<Record<string, string>>;
  /** The folder of the file; null if there is no task. */
  readonly folder: string | null;
  /** Removes the file and revokes the key. May be called twice. */
  dispose(): Promise<void>;
}

export interface WorkFactsOptions {
  /** Where programs reach this server; null before it listens. */
  readonly url: string | null;
  /** Whether programs get an API key of their agent. */
  readonly givesKey: boolean;
  /** The account of the program; null for the account of the server. */
  readonly owner: AccountIds | null;
}

const NO_WORK: WorkFacts = { environment: {}, folder: null, dispose: async () => undefined };

/** Writes the task to a file that only the account of the program can read, and creates the key if programs get one. */
export async function describeWork(
  work: CallWork | null | undefined,
  { url, givesKey, owner }: WorkFactsOptions,
): Promise<WorkFacts> {
  if (!work) return NO_WORK;
  const folder = await mkdtemp(join(tmpdir(), 'mc-task-'));
  const file = join(folder, 'task.json');
  const dispose = async () => {
    await rm(folder, { recursive: true, force: true });
    await key?.revoke();
  };
  let key: Awaited<ReturnType<CallWork['createKey']>> | null = null;
  try {
    await writeFile(file, `${JSON.stringify(work.task, null, 2)}\n`, { mode: 0o600 });
    if (owner !== null) for (const path of [file, folder]) await chown(path, owner.uid, owner.gid);
    if (givesKey) key = await work.createKey();
  } catch (error) {
    await dispose();
    throw error;
  }
  const environment = {
    MC_TASK_REF: work.taskRef,
    MC_RUN_ID: work.runId,
    MC_TASK_FILE: file,
    ...(url !== null && { MC_URL: url }),
    ...(key !== null && { MC_API_KEY: key.secret }),
  };
  return { environment, folder, dispose };
}
