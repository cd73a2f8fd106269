import { type Executor, query } from '../../postgres/statement.js';

/** The time of the database clock, truncated to milliseconds. */
export async function readNow(executor: Executor): Promise<Date> {
  const [row] = await query<{ now: Date }>(executor, {
    name: 'read_now',
    text: "SELECT date_trunc('milliseconds', clock_timestamp()) AS now",
  });
  if (row === undefined) throw new Error('SELECT clock_timestamp() returned no row');
  return row.now;
}
