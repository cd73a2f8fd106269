import { toActor, type Viewer } from '../../domain/actor.js';
import { checkFields } from '../../domain/inputs.js';
import { Refusal } from '../../domain/refusals.js';
import { inTransaction } from '../../postgres/transaction.js';
import { type AgentRow, findAgent, markAgentSeen } from '../../store/agents/agents.js';
import { renewReviewLeasesOfAgent } from '../../store/reviews/reviews.js';
import { type LostRunRow, listLostRuns, renewLeasesOfAgent, type TaskRunRow } from '../../store/runs/runs.js';
import { announceStatus } from '../agents/announce-status.js';
import { type AgentRef, getActingAgent } from '../refs.js';
import type { ServiceContext } from '../service-context.js';

export interface HeartbeatRequest {
  readonly agent?: AgentRef | null | undefined;
  readonly lease?: number | null | undefined;
  /** The runs on which the agent works. Lost runs that are not among them need not be reported. */
  readonly runIds?: readonly string[] | null | undefined;
  /** Whether to renew only the leases of `runIds`. */
  readonly onlyRunIds?: boolean | null | undefined;
}

/** A run that the agent lost, and why. */
export type LostRun = LostRunRow;

export interface Heartbeat {
  readonly agent: AgentRow;
  /** The live runs, with renewed leases. */
  readonly runs: readonly TaskRunRow[];
  /** Runs that the agent lost in the last hour: it must stop working on them. */
  readonly lostRuns: readonly LostRun[];
}

/**
 * Renews all leases of the agent, on tasks and on reviews, or only those of some runs, and updates `lastSeenAt`, in one
 * transaction. Each heartbeat reports every lost run, because the answer to one heartbeat may itself be lost.
 */
export async function heartbeat(
  context: ServiceContext,
  viewer: Viewer,
  input: HeartbeatRequest,
): Promise<Heartbeat> {
  checkFields(input, ['lease', 'runIds']);
  return inTransaction(context.database, async (tx) => {
    const agent = await getActingAgent(tx.executor, viewer, input.agent);
    const only = input.onlyRunIds ? (input.runIds ?? []) : null;
    const runs = await renewLeasesOfAgent(tx, agent.id, input.lease ?? null, only);
    await renewReviewLeasesOfAgent(tx, agent.id, input.lease ?? null, only);
    const lostRuns = await listLostRuns(tx, agent.id);
    await markAgentSeen(tx, agent.id, true);
    await announceStatus(context, tx, agent.id, toActor(viewer));
    const now = await findAgent(tx.executor, { id: agent.id });
    if (now === null)
      throw new Refusal(
        'UNKNOWN_AGENT',
        `The agent ${agent.name} does not exist any more: register it with registerAgent.`,
        ['agent'],
      );
    return { agent: now, runs, lostRuns: lostRuns.filter(({ id }) => input.runIds?.includes(id) ?? true) };
  });
}
