import { aClaimedTask, anAgent } from './factory.js';
import type { TestServices } from './services.js';

/**
 * Sets the end of an open run's lease to this long ago, and its start to a day ago. One millisecond is added, because the
 * column rounds to milliseconds. Leases use the database's clock.
 */
export async function endLease(services: TestServices, runId: string, agoMs = 1_000): Promise<void> {
  await services.sql(
    `UPDATE task_runs SET started_at = now() - interval '1 day', lease_expires_at = now() - ($2 + 1) * interval '1 ms' WHERE id = $1`,
    [runId, agoMs],
  );
}

/** The same for the open review run of a task. */
export async function endReviewLease(services: TestServices, taskId: string, agoMs = 1_000): Promise<void> {
  await services.sql(
    `UPDATE review_runs SET lease_expires_at = now() - ($2 + 1) * interval '1 ms' WHERE task_id = $1 AND outcome = 'RUNNING'`,
    [taskId, agoMs],
  );
}

/** Sets the agent's last sighting to this long ago. With the settings of tests an hour means offline. */
export async function setLastSeen(services: TestServices, agentId: string, agoMs = 3_600_000): Promise<void> {
  await services.sql(`UPDATE agents SET last_seen_at = now() - ($2 + 1) * interval '1 ms' WHERE id = $1`, [
    agentId,
    agoMs,
  ]);
}

/** A claimed task whose lease has ended and whose agent is offline. */
export async function aStaleTask(services: TestServices) {
  const agent = await anAgent(services);
  const { task, runId } = await aClaimedTask(services, agent);
  await endLease(services, runId);
  await setLastSeen(services, agent.id);
  return { agent, task, runId };
}

/** The events of a task, oldest first. */
export async function eventsOf(services: TestServices, taskId: string, types?: readonly string[]) {
  return services.sql<{ type: string; run_id: string | null; agent_id: string | null; payload: object }>(
    `SELECT type, run_id, agent_id, payload FROM events
      WHERE task_id = $1 AND ($2::text[] IS NULL OR type = ANY($2)) ORDER BY id`,
    [taskId, types ?? null],
  );
}
