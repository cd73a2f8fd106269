import pg from 'pg';
import { expect, vi } from 'vitest';
import { readLogBounds } from '../../../src/store/events/event-log.js';

/**
 * Resolves when every written event can be read. The log shows an event only after every older transaction of the whole
 * cluster has ended, including those of other test files. So a read right after a change may miss the change.
 */
export async function untilLogIsReadable(pool: pg.Pool | pg.Client): Promise<void> {
  await vi.waitFor(async () => {
    const { rows } = await pool.query('SELECT xid, id FROM events ORDER BY xid DESC, id DESC LIMIT 1');
    const { begin, end } = await readLogBounds(pool);
    expect(end).toEqual(rows[0] ?? begin);
  }, 20_000);
}

/** The same for the database at this address, on a connection of its own. */
export async function untilLogIsReadableAt(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await untilLogIsReadable(client);
  } finally {
    await client.end();
  }
}
