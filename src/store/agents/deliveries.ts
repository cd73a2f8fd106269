import { type Executor, query } from '../../postgres/statement.js';
import type { Transaction } from '../../postgres/transaction.js';
import type { AgentRow } from './agents.js';

/** The agents whose delivery is the default one. */
export async function listUnchosenDeliveries(executor: Executor): Promise<AgentRow[]> {
  return query(executor, {
    name: 'list_unchosen_deliveries',
    text: 'SELECT * FROM agents WHERE NOT delivery_chosen AND asked_at IS NULL',
  });
}

/** Whether the agent has ever asked for work. */
export async function hasAgentAsked(executor: Executor, agentId: string): Promise<boolean> {
  const rows = await query(executor, {
    name: 'has_agent_asked',
    text: 'SELECT FROM agents WHERE id = $1 AND asked_at IS NOT NULL',
    values: [agentId],
  });
  return rows.length > 0;
}

/** Notes the first time that an agent asks for work. False if it has asked before, or if another holds its row. */
export async function markAgentAsked(tx: Transaction, agentId: string): Promise<boolean> {
  const row = await tx.one({
    name: 'mark_agent_asked',
    text: `UPDATE agents SET asked_at = now() WHERE id = (
      SELECT id FROM agents WHERE id = $1 AND asked_at IS NULL FOR NO KEY UPDATE SKIP LOCKED) RETURNING id`,
    values: [agentId],
  });
  return row !== null;
}
