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
