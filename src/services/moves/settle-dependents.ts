import { SYSTEM } from '../../domain/actor.js';
import { isTerminal } from '../../domain/task-status.js';
import { decideDependencyEnd } from '../../domain/tasks/dependencies.js';
import type { Transaction } from '../../postgres/transaction.js';
import { findDependency, listWaitingDependents, settleDependency } from '../../store/tasks/dependencies.js';
import { lockTask, type TaskRow, updateTaskRow } from '../../store/tasks/tasks.js';
import { settlePipelineRunLater } from './settle-pipeline-run.js';

/**
 * Tells the tasks that wait for an ended task what that means for them. Runs in the transaction of the end, so a
 * dependent is claimable exactly when its last dependency is settled; the database locks each dependent in turn.
 */
export async function settleDependents(
  tx: Transaction,
  ended: TaskRow,
  cancel: (dependent: TaskRow, reason: string) => Promise<void>,
): Promise<void> {
  for (const dependentId of await listWaitingDependents(tx, ended.id)) {
    const dependent = await lockTask(tx, { id: dependentId });
    // Removed while the lock was waited for: then this end is none of its business.
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
    // It may wait in vain from now on, and with it the run that it belongs to.
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
    await cancel(dependent, `TASK-${ended.number}, which it depends on, ended ${ended.status}.`);
  }
}

async function releaseDependent(tx: Transaction, dependent: TaskRow, ended: TaskRow): Promise<void> {
  if (!(await settleDependency(tx, dependent.id, ended.id))) return;
  const open = dependent.openDependencies - 1;
  await updateTaskRow(tx, dependent, { openDependencies: open });
  // One that has ended is free when it is retried; until then nothing is unblocked.
  if (open > 0 || isTerminal(dependent.status)) return;
  tx.emit({ type: 'task.unblocked', actor: SYSTEM, taskId: dependent.id, agentId: dependent.assigneeId });
}
