import { readNow } from '../../store/ops/database-clock.js';
import type { ServiceContext } from '../service-context.js';

/** The time of the database, which all instants of the API have. */
export function readDatabaseTime({ database }: Pick<ServiceContext, 'database'>): Promise<Date> {
  return readNow(database.readPool);
}
