import { type Executor, query } from '../../postgres/statement.js';

/** When time will release the next task that this agent could get. */
export interface NextEligible {
  readonly at: Date;
  /** From the database's now, in milliseconds; never negative. */
  readonly inMs: number;
}

const HEAD =
  "not_before IS NOT NULL AND open_dependencies = 0 ORDER BY coalesce(not_before, 'infinity'::timestamptz) LIMIT 1";

/**
 * The earliest `not_before` among the tasks that wait for nothing but time and are the agent's or nobody's; null if
 * there is none. Reads the heads of tasks_inbox_later and tasks_assigned_later.
 */
export async function findNextEligible(executor: Executor, agentId: string): Promise<NextEligible | null> {
  const [row] = await query<NextEligible>(executor, {
    name: 'find_next_eligible',
    text: `SELECT at, greatest(0, extract(epoch FROM at - clock_timestamp()) * 1000)::float8 AS in_ms FROM (SELECT least(
        (SELECT not_before FROM tasks WHERE status = 'INBOX' AND ${HEAD}),
        (SELECT not_before FROM tasks WHERE status = 'ASSIGNED' AND assignee_id = $1 AND ${HEAD})) AS at) next
      WHERE at IS NOT NULL`,
    values: [agentId],
  });
  return row ?? null;
}
