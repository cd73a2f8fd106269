import type { Agent } from '../../generated/prisma/client.js';
import { assignments, columns } from '../../postgres/sql-assignments.js';
import { type Executor, query } from '../../postgres/statement.js';
import type { Transaction } from '../../postgres/transaction.js';
import { hasLiveLease } from './live-lease.js';

export type AgentRow = Agent;

/** An agent by id or by name. */
export type AgentKey = { readonly id: string } | { readonly name: string };

/** The agent's row without a lock; null if there is none. */
export async function findAgent(executor: Executor, key: AgentKey): Promise<AgentRow | null> {
  const [column, value] = 'id' in key ? ['id', key.id] : ['name', key.name];
  const [row] = await query<AgentRow>(executor, {
    name: `find_agent_by_${column}`,
    text: `SELECT * FROM agents WHERE ${column} = $1`,
    values: [value],
  });
  return row ?? null;
}

/** Locks the agent's row, which serializes claims, heartbeats and status announcements of the agent. */
export async function lockAgent(tx: Transaction, key: AgentKey): Promise<AgentRow | null> {
  const [column, value] = 'id' in key ? ['id', key.id] : ['name', key.name];
  return tx.one<AgentRow>({
    name: `lock_agent_by_${column}`,
    text: `SELECT * FROM agents WHERE ${column} = $1 FOR NO KEY UPDATE`,
    values: [value],
  });
}

/** Inserts an agent. Null if its name is taken, even by a concurrent transaction. */
export async function insertAgent(
  tx: Transaction,
  agent: Pick<AgentRow, 'id' | 'name' | 'role'> & Partial<AgentRow>,
): Promise<AgentRow | null> {
  const { names, places, values } = columns(agent);
  return tx.one<AgentRow>({
    text: `INSERT INTO agents (${names.join(', ')}) VALUES (${places.join(', ')}) ON CONFLICT (name) DO NOTHING RETURNING *`,
    values,
  });
}

/** Writes columns of a locked agent and increases its version. */
export async function updateAgentRow(
  tx: Transaction,
  id: string,
  changes: Partial<AgentRow>,
): Promise<AgentRow | null> {
  const { sql, values } = assignments(changes, 2);
  return tx.one<AgentRow>({
    text: `UPDATE agents SET ${sql.map((part) => `${part}, `).join('')} version = version + 1, updated_at = now() WHERE id = $1 RETURNING *`,
    values: [id, ...values],
  });
}

/** Updates `last_seen_at` without a new version and without an event, because the agent itself does not change. */
export async function markAgentSeen(tx: Transaction, id: string): Promise<void> {
  await tx.query({
    name: 'mark_agent_seen',
    text: 'UPDATE agents SET last_seen_at = now() WHERE id = $1',
    values: [id],
  });
}

/** The agent has left: until its next call it counts as never seen. No version, as with a sign of life. */
export async function forgetAgentSeen(tx: Transaction, id: string): Promise<void> {
  await tx.query({
    name: 'forget_agent_seen',
    text: 'UPDATE agents SET last_seen_at = NULL WHERE id = $1',
    values: [id],
  });
}

/** The agent's row with the facts from which its status is derived. */
export interface AgentFacts extends AgentRow {
  readonly hasLiveLease: boolean;
  /** The time of the database clock. */
  readonly nowAt: Date;
}

/** Locks an agent and reads the facts from which its status is derived. */
export async function lockAgentFacts(tx: Transaction, id: string): Promise<AgentFacts | null> {
  const agent = await lockAgent(tx, { id });
  if (agent === null) return null;
  // A second statement, because only a snapshot taken after the lock shows every committed run.
  const facts = await tx.one<{ hasLiveLease: boolean; nowAt: Date }>({
    name: 'read_agent_facts',
    text: `SELECT clock_timestamp() AS now_at, ${hasLiveLease('$1', 'clock_timestamp()')} AS has_live_lease`,
    values: [id],
  });
  return facts === null ? null : { ...agent, ...facts };
}

/** Stores the status of the latest `agent.status_changed` event. */
export async function writeAnnouncedStatus(
  tx: Transaction,
  id: string,
  status: AgentRow['announcedStatus'],
): Promise<void> {
  await tx.query({
    name: 'write_announced_status',
    text: 'UPDATE agents SET announced_status = $2 WHERE id = $1',
    values: [id, status],
  });
}
