import { type Executor, query } from '../../postgres/statement.js';
import type { Transaction } from '../../postgres/transaction.js';
import type { AgentRow } from './agents.js';

/** The facts that decide an agent's status, with the times at which they change. */
export interface AgentTimeouts
  extends Pick<AgentRow, 'id' | 'announcedStatus' | 'pausedAt' | 'errorAt' | 'lastSeenAt'> {
  /** When the last of its live leases on tasks and reviews expires. */
  readonly busyUntilAt: Date | null;
  /** The time of the database clock. */
  readonly nowAt: Date;
}

/** Lists all agents. They are few, and a table scan costs less than indexes on columns that change constantly. */
export async function listAgentTimeouts(executor: Executor): Promise<AgentTimeouts[]> {
  return query<AgentTimeouts>(executor, {
    name: 'list_agent_timeouts',
    // Reads task_runs_open_lease and review_runs_open_lease from the first live lease on.
    text: `SELECT a.id, a.announced_status, a.paused_at, a.error_at, a.last_seen_at, l.busy_until_at, now() AS now_at
      FROM agents a LEFT JOIN (
        SELECT agent_id, max(lease_expires_at) AS busy_until_at FROM (
          SELECT agent_id, lease_expires_at FROM task_runs WHERE outcome = 'RUNNING' AND lease_expires_at > now()
          UNION ALL
          SELECT agent_id, lease_expires_at FROM review_runs WHERE outcome = 'RUNNING' AND lease_expires_at > now()) live
        GROUP BY agent_id) l ON l.agent_id = a.id`,
  });
}

/**
 * Whether the agent is announced as OFFLINE, or was not seen within `freshMs` by the database's clock. A time in the future
 * comes from before that clock was set back, and is not fresh.
 */
export async function isSightingDue(executor: Executor, agentId: string, freshMs: number): Promise<boolean> {
  const [row] = await query<{ isDue: boolean }>(executor, {
    name: 'is_sighting_due',
    text: `SELECT announced_status = 'OFFLINE' OR NOT coalesce(
        last_seen_at BETWEEN now() - $2::int * interval '1 millisecond' AND now(), false) AS is_due
      FROM agents WHERE id = $1`,
    values: [agentId, freshMs],
  });
  return row?.isDue ?? true;
}

/** When an agent last called, by the database clock. */
export interface AgentSighting {
  readonly agentId: string;
  readonly agentName: string;
  readonly lastSeenAt: Date | null;
  readonly nowAt: Date;
}

/** Reads when the agent last called; null for an agent that the server calls. */
export function findSightingOfPullAgent(tx: Transaction, agentId: string): Promise<AgentSighting | null> {
  return tx.one<AgentSighting>({
    name: 'find_sighting_of_pull_agent',
    text: `SELECT id AS agent_id, name AS agent_name, last_seen_at, now() AS now_at FROM agents
      WHERE id = $1 AND delivery = 'PULL'`,
    values: [agentId],
  });
}

/** Locks the agent if this is still its announced status and its row is not locked. Returns whether it did. */
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

/** A lease on a task that an agent has claimed. */
export interface HeldLease {
  readonly taskId: string;
  readonly runId: string;
  readonly agentName: string;
  readonly leaseExpiresAt: Date;
}

/** The live leases on the tasks that the agent has claimed: task_runs_open_by_agent. */
export async function listLeasesOf(tx: Transaction, agentId: string): Promise<HeldLease[]> {
  return tx.query<HeldLease>({
    name: 'list_leases_of',
    text: `SELECT r.task_id, r.id AS run_id, a.name AS agent_name, r.lease_expires_at FROM task_runs r JOIN agents a ON a.id = r.agent_id
      WHERE r.agent_id = $1 AND r.outcome = 'RUNNING' AND r.trigger = 'CLAIM' AND r.lease_expires_at > now() ORDER BY r.id`,
    values: [agentId],
  });
}
