import pg from 'pg';
import { numberEvents } from '../../../src/postgres/number-events.js';

/** Numbers every committed event, so that a read right after a change does not miss the change. */
export async function untilLogIsReadable(executor: pg.Pool | pg.Client): Promise<void> {
  while ((await numberEvents(executor)) > 0);
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
