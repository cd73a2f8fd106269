import { inTransaction } from '../../postgres/transaction.js';
import { pruneLog } from '../../store/events/event-log.js';
import type { ServiceContext } from '../service-context.js';

/** Entries deleted in one transaction: few enough to be done in some ten milliseconds. */
const BATCH = 2_000;

/**
 * Deletes the events that are older than the retention, oldest first, and returns how many. Cursors of deleted events
 * are refused from then on with CURSOR_EXPIRED. Several processes may call this at a time: one of them works.
 */
export async function pruneEvents({
  database,
  settings,
}: Pick<ServiceContext, 'database' | 'settings'>): Promise<number> {
  let pruned = 0;
  for (;;) {
    const batch = await inTransaction(database, (tx) =>
      pruneLog(tx, { olderThanMs: settings.eventRetentionMs, limit: BATCH }),
    );
    pruned += batch;
    if (batch < BATCH) return pruned;
  }
}
