import { type Executor, query } from './statement.js';

/** The maximum number of events that one call numbers, so that a long backlog takes many short transactions. */
export const NUMBERING_BATCH = 1_000;

/**
 * Gives the committed events that have no position yet the next positions of the log, in the order of their ids, and wakes
 * the readers of all processes. One statement, so a process that dies or freezes here holds no lock. Several processes may
 * call this at once. Returns the number of events; if it is NUMBERING_BATCH, more may wait.
 */
export async function numberEvents(executor: Executor): Promise<number> {
  const [row] = await query<{ numbered: number }>(executor, {
    name: 'number_events',
    text: 'SELECT number_events($1) AS numbered',
    values: [NUMBERING_BATCH],
  });
  return row?.numbered ?? 0;
}

/** The number of numbered events after which the outbox is vacuumed. */
export const VACUUM_AFTER = 20_000;

/**
 * Removes the rows that numbered events left in the outbox. Each numbering steps over them, and autovacuum comes only once a
 * minute: 300,000 of them, as a minute of many claims leaves, made a numbering take 15 ms longer. Blocks no reader or writer,
 * and does nothing while another process vacuums the table.
 */
export async function vacuumOutbox(executor: Executor): Promise<void> {
  await query(executor, { text: 'VACUUM (INDEX_CLEANUP ON, TRUNCATE OFF, SKIP_LOCKED) event_outbox' });
}
