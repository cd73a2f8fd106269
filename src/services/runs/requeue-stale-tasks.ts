import { SYSTEM } from '../../domain/actor.js';
import { decideStall, explainLoss, explainStall, type StallDecision } from '../../domain/runs/stall.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import {
  noteLeaseExpiry,
  readLease,
  type TaskLease,
  takeLeasedTask,
} from '../../store/runs/expired-leases.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import { announceStatus } from '../agents/announce-status.js';
import { moveBack } from '../moves/move-back.js';
import { moveTask } from '../moves/move-task.js';
import { sayIfOffline } from '../moves/say-offline.js';
import type { ServiceContext } from '../service-context.js';
import { addCommentIn } from '../tasks/add-comment.js';
import { type Sweep, sweepEndedLeases } from './sweep-ended-leases.js';

/**
 * Takes tasks from agents whose lease has expired: at once if the agent is offline, after a grace period if it is alive.
 * The task returns to the agent of its pin, or to the inbox, with a comment that explains the stall; the sixth stall fails
 * it. Any number of processes may run this concurrently.
 */
export async function requeueStaleTasks(
  context: Pick<ServiceContext, 'database' | 'settings'>,
): Promise<Sweep> {
  return sweepEndedLeases(context, {
    kind: 'task',
    keptUntil(lease) {
      const decision = decideStall(lease, lease.nowAt, context.settings);
      return decision.verdict === 'keep' ? decision.untilAt : null;
    },
    settle: (lease) => inTransaction(context.database, (tx) => settle(context, tx, lease)),
  });
}

async function settle(
  context: Pick<ServiceContext, 'settings'>,
  tx: Transaction,
  listed: TaskLease,
): Promise<boolean> {
  const task = await takeLeasedTask(tx, 'task', listed);
  // The decision needs facts that are read under the locks, because the lease may have been renewed since it was listed.
  const lease = task === null ? null : await readLease(tx, 'task', listed.runId);
  if (task === null || lease === null) return false;
  const decision = decideStall(lease, lease.nowAt, context.settings);
  if (decision.verdict === 'keep') return false;
  if (decision.verdict === 'note') await note(tx, task, lease);
  else await takeBack(context, tx, task, lease, decision);
  await announceStatus(context, tx, lease.agentId, SYSTEM);
  return true;
}

async function note(tx: Transaction, task: TaskRow, lease: TaskLease): Promise<void> {
  await noteLeaseExpiry(tx, lease.runId);
  tx.emit({
    type: 'task.lease_expired',
    actor: SYSTEM,
    taskId: task.id,
    agentId: lease.agentId,
    runId: lease.runId,
  });
}

async function takeBack(
  { settings }: Pick<ServiceContext, 'settings'>,
  tx: Transaction,
  task: TaskRow,
  lease: TaskLease,
  decision: Extract<StallDecision, { verdict: 'requeue' | 'fail' }>,
): Promise<void> {
  const stall = explainStall(lease, lease.nowAt, settings);
  const isOver = decision.verdict === 'fail';
  const reason = `${stall} ${explainLoss(isOver ? null : decision, task)}`;
  const move = {
    verb: 'requeue',
    actor: SYSTEM,
    reason,
    runEnd: { outcome: 'REQUEUED', facts: { error: stall } },
  } as const;
  const moved = isOver
    ? await moveTask(tx, task, {
        ...move,
        to: 'FAILED',
        event: 'task.failed',
        changes: { failureReason: 'STALE_REQUEUES_EXHAUSTED', failureDetail: reason },
      })
    : await moveBack(tx, task, {
        ...move,
        event: 'task.requeued',
        changes: { staleRequeues: decision.requeues },
      });
  await addCommentIn(tx, SYSTEM, moved, reason);
  // A task with a pin waits for its agent, also for one that is offline.
  if (moved.status === 'ASSIGNED') sayIfOffline(settings, tx, moved.id, lease);
}
