import pg from 'pg';
import { vi } from 'vitest';

/** Holds a lock in the database, so that calls that need it stay under way until the test releases it. */
export interface Blocker {
  /** Resolves when another session waits for the lock. */
  isWaitedFor(): Promise<void>;
  release(): Promise<void>;
}

/** Locks the row of a task against every change. */
export async function blockTask(databaseUrl: string, taskId: string): Promise<Blocker> {
  const holder = await openTransaction(databaseUrl);
  const { rowCount } = await holder.query('SELECT FROM tasks WHERE id = $1 FOR UPDATE', [taskId]);
  if (rowCount !== 1) throw new Error(`there is no task ${taskId}`);
  const waiting = `SELECT FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))`;
  return {
    isWaitedFor: () =>
      vi.waitFor(async () => {
        const found = await holder.query(waiting);
        if (found.rowCount === 0) throw new Error('no session waits for the task');
      }, 20_000),
    release: () => holder.end(),
  };
}

/** Holds the lock of the sequencer: until it is released, no event gets a position, so readers of the log see no new one. */
export async function blockEvents(databaseUrl: string): Promise<Pick<Blocker, 'release'>> {
  const holder = await openTransaction(databaseUrl);
  await holder.query('SELECT pg_advisory_xact_lock(4170002)');
  return { release: () => holder.end() };
}

async function openTransaction(databaseUrl: string): Promise<pg.Client> {
  const holder = new pg.Client({ connectionString: databaseUrl });
  holder.on('error', () => undefined);
  await holder.connect();
  await holder.query('BEGIN');
  return holder;
}
