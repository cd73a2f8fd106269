import { type Executor, query } from '../../postgres/statement.js';

/** Whether the index exists that finds parts of words. */
export async function hasTrigramIndex(executor: Executor): Promise<boolean> {
  const [row] = await query<{ found: boolean }>(executor, {
    name: 'has_trigram_index',
    text: "SELECT to_regclass('search_texts_trgm') IS NOT NULL AS found",
  });
  return row?.found ?? false;
}

/**
 * Creates the extension pg_trgm and the index, in a transaction. Rejects if the role may not create the extension, or PostgreSQL does not have it. The
 * pending list is short, because each search reads it.
 */
export async function createTrigramIndex(executor: Executor): Promise<void> {
  // Two processes that start at once: the second one waits, and finds both.
  await query(executor, { text: 'SELECT pg_advisory_xact_lock(4170003)' });
  await query(executor, { text: 'CREATE EXTENSION IF NOT EXISTS pg_trgm' });
  await query(executor, {
    text: `CREATE INDEX IF NOT EXISTS search_texts_trgm ON search_texts USING gin (body gin_trgm_ops) WITH (gin_pending_list_limit = 512)`,
  });
}
