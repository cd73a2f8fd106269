import { toActor, type Viewer } from '../../domain/actor.js';
import { checkFields } from '../../domain/inputs.js';
import { Refusal } from '../../domain/refusals.js';
import { inTransaction } from '../../postgres/transaction.js';
import { type AgentRow, findAgent, markAgentSeen } from '../../store/agents/agents.js';
import { renewReviewLeasesOfAgent } from '../../store/reviews/reviews.js';
import { listLostRunIds, renewLeasesOfAgent, type TaskRunRow } from '../../store/runs/runs.js';
import { announceStatus } from '../agents/announce-status.js';
import { type AgentRef, getActingAgent } from '../refs.js';
import type { ServiceContext } from '../service-context.js';

export interface Heartbeat {
  readonly agent: AgentRow;
  /** The live runs, with renewed leases. */
  readonly runs: readonly TaskRunRow[];
  /** Runs that were taken from the agent since its last heartbeat. The agent must stop working on them. */
  readonly lostRunIds: readonly string[];
}

/** Renews all leases of the agent, on tasks and on reviews, and updates `lastSeenAt`, in one transaction. */
export async function heartbeat(
  context: ServiceContext,
  viewer: Viewer,
  input: { readonly agent?: AgentRef | null | undefined; readonly lease?: number | null | undefined },
): Promise<Heartbeat> {
  checkFields(input, ['lease']);
  return inTransaction(context.database, async (tx) => {
    const agent = await getActingAgent(tx.executor, viewer, input.agent);
    const runs = await renewLeasesOfAgent(tx, agent.id, input.lease ?? null);
    await renewReviewLeasesOfAgent(tx, agent.id, input.lease ?? null);
    const lostRunIds = await listLostRunIds(tx, agent.id, agent.lastHeartbeatAt);
    await markAgentSeen(tx, agent.id, true);
    await announceStatus(context, tx, agent.id, toActor(viewer));
    const now = await findAgent(tx.executor, { id: agent.id });
    if (now === null)
      throw new Refusal(
        'UNKNOWN_AGENT',
        `The agent ${agent.name} does not exist any more: register it with registerAgent.`,
        ['agent'],
      );
    return { agent: now, runs, lostRunIds };
  });
}
