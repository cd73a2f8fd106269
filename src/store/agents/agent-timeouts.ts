import { type Executor, query } from '../../postgres/statement.js';
import type { Transaction } from '../../postgres/transaction.js';
import type { AgentRow } from './agents.js';

/** What an agent's status follows from, and until when. */
export interface AgentTimeouts
  extends Pick<AgentRow, 'id' | 'announcedStatus' | 'pausedAt' | 'errorAt' | 'lastSeenAt'> {
  /** The end of its last live lease, on a task or on a review. */
  readonly busyUntilAt: Date | null;
  /** The database's clock. */
  readonly nowAt: Date;
}

/** Every agent. There are few of them, and one walk of the table costs less than indexes on columns that always change. */
export async function listAgentTimeouts(executor: Executor): Promise<AgentTimeouts[]> {
  return query<AgentTimeouts>(executor, {
    name: 'list_agent_timeouts',
    // task_runs_open_lease and review_runs_open_lease, from the first live lease on.
    text: `SELECT a.id, a.announced_status, a.paused_at, a.error_at, a.last_seen_at, l.busy_until_at, now() AS now_at
      FROM agents a LEFT JOIN (
        SELECT agent_id, max(lease_expires_at) AS busy_until_at FROM (
          SELECT agent_id, lease_expires_at FROM task_runs WHERE outcome = 'RUNNING' AND lease_expires_at > now()
          UNION ALL
          SELECT agent_id, lease_expires_at FROM review_runs WHERE outcome = 'RUNNING' AND lease_expires_at > now()) live
        GROUP BY agent_id) l ON l.agent_id = a.id`,
  });
}

/** Locks the agent if the log still announces this status of it and nobody else is at it; says whether it did. */
export async function takeAgentAnnouncedAs(
  tx: Transaction,
  { id, announcedStatus }: Pick<AgentRow, 'id' | 'announcedStatus'>,
): Promise<boolean> {
  const row = await tx.one({
    name: 'take_agent_announced_as',
    text: 'SELECT id FROM agents WHERE id = $1 AND announced_status = $2 FOR NO KEY UPDATE SKIP LOCKED',
    values: [id, announcedStatus],
  });
  return row !== null;
}
