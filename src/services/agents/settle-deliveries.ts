import { type Actor, SYSTEM } from '../../domain/actor.js';
import { decideDelivery } from '../../domain/agents/delivery.js';
import type { Database } from '../../postgres/database.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import { lockAgent, updateAgentRow } from '../../store/agents/agents.js';
import { hasAgentAsked, listUnchosenDeliveries, markAgentAsked } from '../../store/agents/deliveries.js';
import type { ServiceContext } from '../service-context.js';

type SettleContext = Pick<ServiceContext, 'database' | 'settings'>;

/** Applies the default delivery at a start: MC_GATEWAY or MC_COORDINATOR_AGENT may have changed. */
export async function settleDeliveries(context: SettleContext): Promise<void> {
  for (const agent of await listUnchosenDeliveries(context.database.pool)) {
    if (decideDelivery(agent, context.settings) === agent.delivery) continue;
    await inTransaction(context.database, (tx) => settleDelivery(context, tx, agent.id, SYSTEM));
  }
}

const REMEMBERED_AT_MOST = 10_000;

/** The agents that are known to have asked, so that a claim costs a further statement only once in a process. */
const ASKED = new WeakMap<Database, Set<string>>();

/** Notes that the agent asks for work by itself: from now on its default delivery is PULL. */
export async function noteAgentAsked(context: SettleContext, agentId: string): Promise<void> {
  const asked = ASKED.get(context.database) ?? new Set();
  ASKED.set(context.database, asked);
  if (asked.has(agentId)) return;
  const isNoted = (await hasAgentAsked(context.database.pool, agentId)) || (await note(context, agentId));
  if (!isNoted) return;
  if (asked.size >= REMEMBERED_AT_MOST) asked.clear();
  asked.add(agentId);
}

/** False if another holds the agent's row: a claim must not wait for it, so the next one tries again. */
function note(context: SettleContext, agentId: string): Promise<boolean> {
  return inTransaction(context.database, async (tx) => {
    const isNoted = await markAgentAsked(tx, agentId);
    if (isNoted) await settleDelivery(context, tx, agentId, { keyId: null, agentId });
    return isNoted;
  });
}

async function settleDelivery(
  { settings }: SettleContext,
  tx: Transaction,
  agentId: string,
  actor: Actor,
): Promise<void> {
  const agent = await lockAgent(tx, { id: agentId });
  if (agent === null) return;
  const delivery = decideDelivery(agent, settings);
  if (delivery === agent.delivery) return;
  await updateAgentRow(tx, agentId, { delivery });
  tx.emit({ type: 'agent.updated', actor, agentId, payload: { changedFields: ['delivery'] } });
}
