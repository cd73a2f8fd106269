import { type Executor, query } from '../../postgres/statement.js';

/** The database's clock, to the millisecond. */
export async function readNow(executor: Executor): Promise<Date> {
  const [row] = await query<{ now: Date }>(executor, {
    name: 'read_now',
    text: "SELECT date_trunc('milliseconds', clock_timestamp()) AS now",
  });
  if (row === undefined) throw new Error('SELECT clock_timestamp() returned no row');
  return row.now;
}
