import { SYSTEM } from '../../domain/actor.js';
import { decideDependencyEnd } from '../../domain/tasks/dependencies.js';
import { isTerminal } from '../../domain/tasks/task-status.js';
import type { Transaction } from '../../postgres/transaction.js';
import { findDependency, listWaitingDependents, settleDependency } from '../../store/tasks/dependencies.js';
import { lockTask, type TaskRow, updateTaskRow } from '../../store/tasks/tasks.js';
import { settlePipelineRunLater } from './settle-pipeline-run.js';

/**
 * Applies the end of a task to the tasks that depend on it: unblocks them, cancels them or leaves them blocked. It runs
 * in the transaction of the end, so a dependent is claimable exactly when its last dependency is settled. It locks one
 * dependent after the other.
 */
export async function settleDependents(
  tx: Transaction,
  ended: TaskRow,
  cancel: (dependent: TaskRow, reason: string) => Promise<void>,
): Promise<void> {
  for (const dependentId of await listWaitingDependents(tx, ended.id)) {
    const dependent = await lockTask(tx, { id: dependentId });
    // The dependency may have been removed while this transaction waited for the lock.
    const dependency = dependent && (await findDependency(tx, dependentId, ended.id));
    if (dependent && dependency?.isOpen) await settleDependent(tx, dependent, ended, cancel);
  }
}

async function settleDependent(
  tx: Transaction,
  dependent: TaskRow,
  ended: TaskRow,
  cancel: (dependent: TaskRow, reason: string) => Promise<void>,
): Promise<void> {
  const decision = decideDependencyEnd(ended.status, dependent);
  if (decision !== 'settle' && !isTerminal(dependent.status)) {
    // The dependent may be blocked permanently now, which can end its pipeline run.
    settlePipelineRunLater(tx, dependent);
    tx.emit({
      type: 'task.dependency_failed',
      actor: SYSTEM,
      taskId: dependent.id,
      agentId: dependent.assigneeId,
      payload: { dependencyId: ended.id },
    });
  }
  if (decision === 'settle' || decision === 'proceed') await releaseDependent(tx, dependent, ended);
  if (decision === 'cancel') {
    await cancel(dependent, `Its dependency TASK-${ended.number} ended as ${ended.status}.`);
  }
}

async function releaseDependent(tx: Transaction, dependent: TaskRow, ended: TaskRow): Promise<void> {
  if (!(await settleDependency(tx, dependent.id, ended.id))) return;
  const open = dependent.openDependencies - 1;
  await updateTaskRow(tx, dependent, { openDependencies: open });
  // A dependent that has ended is unblocked only by a retry.
  if (open > 0 || isTerminal(dependent.status)) return;
  tx.emit({ type: 'task.unblocked', actor: SYSTEM, taskId: dependent.id, agentId: dependent.assigneeId });
}
