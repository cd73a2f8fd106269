import type { Database } from '../../postgres/database.js';
import { inTransaction } from '../../postgres/transaction.js';

/** Taken by whoever adopts, so that of several processes that start at a time one works and the others wait. */
const ADOPT_LOCK = 4_170_002;

/**
 * Makes a log that was written by another PostgreSQL readable here. A dump that is restored brings its xids along, and a
 * younger cluster counts from lower ones: its new events would stand before the old, and those would stay unreadable for
 * as long as its own count is behind. All that was restored moves to the front then, in the order of its numbers, and the
 * cursors of before are refused as lying beyond the end. Returns whether that was necessary.
 */
export function adoptLog(database: Database): Promise<boolean> {
  return inTransaction(database, async (tx) => {
    await tx.query({ text: 'SELECT pg_advisory_xact_lock($1)', values: [ADOPT_LOCK] });
    const foreign = await tx.one({
      // No transaction of this cluster can have an xid that has not been given out yet.
      text: `SELECT FROM event_horizon h
        WHERE greatest(h.xid, (SELECT max(xid) FROM events)) >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint`,
    });
    if (foreign === null) return false;
    await tx.query({
      text: `UPDATE event_horizon SET xid = 0, event_id = coalesce((SELECT min(id) - 1 FROM events), event_id)`,
    });
    await tx.query({ text: 'UPDATE events SET xid = 0' });
    return true;
  });
}
