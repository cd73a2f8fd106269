import type { TestServices } from './services.js';

/** Makes an open run's lease end this long ago (and 1 ms, for the column rounds to that), and its work begin a day before. Leases live by the database's clock. */
export async function endLease(services: TestServices, runId: string, agoMs = 1_000): Promise<void> {
  await services.sql(
    `UPDATE task_runs SET started_at = now() - interval '1 day', lease_expires_at = now() - ($2 + 1) * interval '1 ms' WHERE id = $1`,
    [runId, agoMs],
  );
}

/** The same for the open review of a task. */
export async function endReviewLease(services: TestServices, taskId: string, agoMs = 1_000): Promise<void> {
  await services.sql(
    `UPDATE review_runs SET lease_expires_at = now() - ($2 + 1) * interval '1 ms' WHERE task_id = $1 AND outcome = 'RUNNING'`,
    [taskId, agoMs],
  );
}

/** Lets the agent have been silent for so long; an hour is offline with the settings of tests. */
export async function silence(services: TestServices, agentId: string, forMs = 3_600_000): Promise<void> {
  await services.sql(`UPDATE agents SET last_seen_at = now() - ($2 + 1) * interval '1 ms' WHERE id = $1`, [
    agentId,
    forMs,
  ]);
}

/** What the log says of a task, oldest first, without what came before. */
export async function eventsOf(services: TestServices, taskId: string, types?: readonly string[]) {
  return services.sql<{ type: string; run_id: string | null; agent_id: string | null; payload: object }>(
    `SELECT type, run_id, agent_id, payload FROM events
      WHERE task_id = $1 AND ($2::text[] IS NULL OR type = ANY($2)) ORDER BY xid, id`,
    [taskId, types ?? null],
  );
}
