import { toActor, type Viewer } from '../../domain/actor.js';
import { checkFields } from '../../domain/inputs.js';
import { Refusal } from '../../domain/refusals.js';
import { askOrNull } from '../../postgres/batch-queue.js';
import { inTransaction, noteCommit } from '../../postgres/transaction.js';
import type { AgentRow } from '../../store/agents/agents.js';
import {
  beat,
  type HeartbeatColumns,
  type HeartbeatRequest,
  type HeartbeatRow,
  type LostRunRow,
  lockForHeartbeat,
} from '../../store/runs/heartbeats.js';
import type { TaskRunRow } from '../../store/runs/runs.js';
import { type AgentRef, explainNoAgent } from '../refs.js';
import type { ServiceContext } from '../service-context.js';

export interface HeartbeatInput {
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
 * transaction. Each heartbeat reports every lost run, because the answer to one heartbeat may itself be lost. Reads the given
 * columns, or all.
 */
export async function heartbeat(
  context: ServiceContext,
  viewer: Viewer,
  input: HeartbeatInput,
  columns: HeartbeatColumns = { agent: '*', runs: '*' },
): Promise<Heartbeat> {
  checkFields(input, ['lease', 'runIds']);
  const request = {
    agentId: await context.agentIds.idOf(viewer, input.agent),
    leaseMs: input.lease ?? null,
    only: input.onlyRunIds ? (input.runIds ?? []) : null,
    agentTimeoutMs: context.settings.agentTimeoutMs,
    actor: toActor(viewer),
  };
  const answer =
    (await askOrNull(context.batches.heartbeats, { ...request, columns })) ??
    (await beatAlone(context, request, columns));
  if (answer.hasNewStatus)
    noteCommit(context.database, [
      { type: 'agent.status_changed', actor: request.actor, agentId: request.agentId },
    ]);
  return { ...answer, lostRuns: answer.lostRuns.filter(({ id }) => input.runIds?.includes(id) ?? true) };
}

/** Waits for the transactions that hold the agent or its runs. */
function beatAlone(
  { database }: ServiceContext,
  request: HeartbeatRequest,
  columns: HeartbeatColumns,
): Promise<HeartbeatRow> {
  return inTransaction(database, async (tx) => {
    for (;;) {
      if (!(await lockForHeartbeat(tx, request.agentId)))
        throw new Refusal('UNKNOWN_AGENT', explainNoAgent({ id: request.agentId }), ['agent']);
      const [answer] = await beat(tx.executor, [request], columns);
      // Null: the agent has claimed another run meanwhile, and that is locked too.
      if (answer) return answer;
    }
  });
}
