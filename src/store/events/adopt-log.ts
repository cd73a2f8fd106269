import type { Database } from '../../postgres/database.js';
import { inTransaction } from '../../postgres/transaction.js';

/** The advisory lock that lets one of several concurrently starting processes work while the others wait. */
const ADOPT_LOCK = 4_170_002;

/**
 * Makes a log readable that was restored from another PostgreSQL cluster. A dump contains the xids of its cluster. In a
 * younger cluster with lower xids, new events would sort before the restored ones, and the restored ones would stay
 * unreadable until the xids of the new cluster catch up. In this case all restored events get xid 0, in the order of
 * their ids, and older cursors are refused as beyond the end. Returns whether that was necessary.
 */
export function adoptLog(database: Database): Promise<boolean> {
  return inTransaction(database, async (tx) => {
    await tx.query({ text: 'SELECT pg_advisory_xact_lock($1)', values: [ADOPT_LOCK] });
    const foreign = await tx.one({
      // An xid that this cluster has not assigned yet comes from another cluster.
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
