import { type Actor, toActor, type Viewer } from '../../domain/actor.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import { type AgentRow, findAgent, forgetAgentSeen, lockAgent } from '../../store/agents/agents.js';
import { closeReviewRun } from '../../store/reviews/reviews.js';
import { type HeldRun, listHeldRuns } from '../../store/runs/held-runs.js';
import { findTask, lockTask } from '../../store/tasks/tasks.js';
import { moveBack } from '../moves/move-back.js';
import { sayIfPinnedToOffline } from '../moves/say-offline.js';
import { type AgentRef, getActingAgent } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { announceStatus } from './announce-status.js';

/** Who disconnects an agent, and the reason in the log. */
interface Departure {
  readonly actor: Actor;
  readonly byItself: boolean;
  readonly reason: string;
}

/**
 * Releases every task and review that the agent has claimed or was sent, without a counted attempt, and marks it OFFLINE.
 * With its next call it is online again. Calls to a PUSH agent are aborted by the process that makes them. Each run is
 * released in a transaction of its own: if the process dies in between, the leases of the others end as usual.
 * @throws {Refusal} UNKNOWN_AGENT; INVALID if no agent is named; FORBIDDEN for the key of another agent.
 */
export async function disconnectAgent(
  context: ServiceContext,
  viewer: Viewer,
  ref: AgentRef | null | undefined,
): Promise<AgentRow> {
  const { database } = context;
  const { id } = await getActingAgent(database.pool, viewer, ref);
  const byItself = viewer.agentId === id;
  const reason = byItself ? 'The agent disconnected.' : 'An operator disconnected the agent.';
  const departure = { actor: toActor(viewer), byItself, reason };
  // Listed once: an agent that is not paused may be sent a task again before this call ends.
  for (const sent of await listHeldRuns(database.pool, id, 'DISPATCH'))
    await inTransaction(database, (tx) => release(tx, sent, id, departure));
  const released = new Set<string>();
  for (;;) {
    for (const held of await listHeldRuns(database.pool, id, 'CLAIM')) {
      await inTransaction(database, (tx) => release(tx, held, id, departure));
      if (held.kind === 'task') released.add(held.taskId);
    }
    const gone = await inTransaction(database, async (tx) => {
      const agent = await markOffline(context, tx, id, departure.actor);
      if (agent !== null) await sayWhatWaits(context, tx, id, released);
      return agent;
    });
    if (gone !== null) return gone;
  }
}

/** Null if the agent has claimed something meanwhile. With its row locked no claim can begin. */
async function markOffline(
  context: ServiceContext,
  tx: Transaction,
  id: string,
  actor: Actor,
): Promise<AgentRow | null> {
  await lockAgent(tx, { id });
  if ((await listHeldRuns(tx.executor, id, 'CLAIM')).length > 0) return null;
  await forgetAgentSeen(tx, id);
  await announceStatus(context, tx, id, actor);
  return findAgent(tx.executor, { id });
}

/** The tasks are only read: their locks come before that of the agent, which is held here. */
async function sayWhatWaits(
  context: ServiceContext,
  tx: Transaction,
  agentId: string,
  released: ReadonlySet<string>,
): Promise<void> {
  for (const taskId of released) {
    const task = await findTask(tx, { id: taskId });
    if (task?.assigneeId === agentId) await sayIfPinnedToOffline(context.settings, tx, task);
  }
}

async function release(
  tx: Transaction,
  { kind, runId, taskId, trigger }: HeldRun,
  agentId: string,
  { actor, byItself, reason }: Departure,
): Promise<void> {
  const task = await lockTask(tx, { id: taskId });
  if (task === null) return;
  if (kind === 'review') {
    const facts = { error: reason, lostReason: byItself ? null : reason };
    const closed = await closeReviewRun(tx, runId, 'RELEASED', facts);
    if (closed === null) return;
    const payload = { round: closed.round, reason, reviewRunId: runId };
    tx.emit({ type: 'review.requeued', actor, taskId, agentId, payload });
  } else if (task.currentRunId === runId) {
    // A PUSH agent counts as present, so without this the server would send it the task of the inbox again.
    const releasedBy = [...new Set([...task.releasedBy, agentId])].sort();
    await moveBack(tx, task, {
      verb: 'release',
      actor,
      event: 'task.requeued',
      reason,
      runEnd: { outcome: 'RELEASED', facts: { error: reason }, byHolder: byItself },
      changes: trigger === 'DISPATCH' && !task.pinned ? { releasedBy } : {},
    });
  }
}
