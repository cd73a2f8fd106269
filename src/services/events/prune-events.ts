import { inTransaction } from '../../postgres/transaction.js';
import { pruneLog } from '../../store/events/event-log.js';
import type { ServiceContext } from '../service-context.js';
import { countAllEvents } from './count-activity.js';

/** Events deleted per transaction: few enough to take some ten milliseconds. */
const BATCH = 2_000;

/**
 * Deletes the events that are older than the retention, oldest first, and returns their number. Cursors of deleted
 * events are then refused with CURSOR_EXPIRED. Events are counted for the statistics before they are deleted. If several processes call this concurrently, only one of them deletes.
 */
export async function pruneEvents({
  database,
  settings,
}: Pick<ServiceContext, 'database' | 'settings'>): Promise<number> {
  await countAllEvents({ database });
  let pruned = 0;
  for (;;) {
    const batch = await inTransaction(database, (tx) =>
      pruneLog(tx, { olderThanMs: settings.eventRetentionMs, limit: BATCH }),
    );
    pruned += batch;
    if (batch < BATCH) return pruned;
  }
}
