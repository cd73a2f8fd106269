import { type Executor, query } from '../../postgres/statement.js';

/** When the next task for an agent becomes eligible by time alone. */
export interface NextEligible {
  readonly at: Date;
  /** Milliseconds from now by the database clock; never negative. */
  readonly inMs: number;
}

const HEAD =
  "not_before IS NOT NULL AND open_dependencies = 0 ORDER BY coalesce(not_before, 'infinity'::timestamptz) LIMIT 1";

/**
 * The earliest `not_before` of the tasks that only wait for time and that the agent may have; null if there is none. Reads
 * the heads of tasks_inbox_later and tasks_assigned_later.
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
