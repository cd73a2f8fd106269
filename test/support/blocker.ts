import pg from 'pg';
import { vi } from 'vitest';

/** Holds a lock in the database, so that whatever needs it stays in flight for as long as a test wants. */
export interface Blocker {
  /** Resolves when another session waits for what is held. */
  isWaitedFor(): Promise<void>;
  release(): Promise<void>;
}

/** Locks the row of a task against every change. */
export async function blockTask(databaseUrl: string, taskId: string): Promise<Blocker> {
  const holder = new pg.Client({ connectionString: databaseUrl });
  holder.on('error', () => undefined);
  await holder.connect();
  await holder.query('BEGIN');
  const { rowCount } = await holder.query('SELECT FROM tasks WHERE id = $1 FOR UPDATE', [taskId]);
  if (rowCount !== 1) throw new Error(`there is no task ${taskId}`);
  const waiting = `SELECT FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))`;
  return {
    isWaitedFor: () =>
      vi.waitFor(async () => {
        const found = await holder.query(waiting);
        if (found.rowCount === 0) throw new Error('nobody waits for the task');
      }, 20_000),
    release: () => holder.end(),
  };
}
