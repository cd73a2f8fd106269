import { isOutage } from '../../postgres/outage.js';
import { inTransaction } from '../../postgres/transaction.js';
import { type IndexedStep, indexTexts } from '../../store/search/index-texts.js';
import { createTrigramIndex, hasTrigramIndex } from '../../store/search/trigram-index.js';
import type { ServiceContext } from '../service-context.js';

type Context = Pick<ServiceContext, 'database'>;

/**
 * Creates the index of parts of words if it is missing. A database whose role may not create the extension works without it: a
 * search then reads all texts, and is stopped at the time limit of reads if there are too many.
 */
export async function prepareSearch({ database }: Context): Promise<void> {
  if (await hasTrigramIndex(database.pool)) return;
  try {
    await inTransaction(database, ({ executor }) => createTrigramIndex(executor));
  } catch (error) {
    if (isOutage(error)) throw error;
    const message =
      'Searches read all tasks, because the extension pg_trgm is missing and could not be created: run CREATE EXTENSION pg_trgm as a superuser and restart the server';
    database.instrument.emit('warn', 'search.without_index', message, { error });
  }
}

/** Tasks and events that one statement looks at: few enough to take some hundred milliseconds. */
const BATCH = 4_000;

/** Writes the texts of the next new and changed tasks. If several processes call this concurrently, only one of them writes. */
export async function indexNextTexts({ database }: Context): Promise<IndexedStep> {
  return indexTexts(database.pool, BATCH);
}
