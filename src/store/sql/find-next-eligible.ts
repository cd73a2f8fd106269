import type { Pool } from 'pg';
import { query } from '../statement.js';

/** When time will release the next task that this agent could get. */
export interface NextEligible {
  readonly at: Date;
  /** From the database's now, in milliseconds; never negative. */
  readonly inMs: number;
}

/**
 * The earliest `not_before` among the tasks that wait for nothing but time and are the agent's or nobody's; null if
 * there is none. Walks tasks_not_before_idx from its beginning.
 */
export async function findNextEligible(pool: Pool, agentId: string): Promise<NextEligible | null> {
  const [row] = await query<NextEligible>(pool, {
    name: 'find_next_eligible',
    text: `SELECT not_before AS at, greatest(0, extract(epoch FROM not_before - clock_timestamp()) * 1000)::float8 AS in_ms FROM tasks
      WHERE not_before IS NOT NULL AND open_dependencies = 0
        AND (status = 'INBOX' OR (status = 'ASSIGNED' AND assignee_id = $1)) AND status IN ('INBOX', 'ASSIGNED')
      ORDER BY not_before LIMIT 1`,
    values: [agentId],
  });
  return row ?? null;
}
