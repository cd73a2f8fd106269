import { hasRole, type Viewer } from '../../domain/actor.js';
import { InvalidTransition, LeaseLost, Refusal } from '../../domain/refusals.js';
import type { TaskStatus } from '../../domain/task-status.js';
import type { Transaction } from '../../postgres/transaction.js';
import { findRun, type TaskRunRow } from '../../store/runs/runs.js';
import { lockTask, type TaskRow } from '../../store/tasks/tasks.js';
import { lockTaskByRef, type TaskRef, toLookup, toShown } from '../refs.js';

/** A task that is being worked on, its row locked, and the run that holds it. */
export interface LiveRun {
  readonly task: TaskRow;
  readonly run: TaskRunRow;
}

/**
 * Locks the task of a run and makes sure that the run is still the one that holds it. A lease that has just ended is no
 * obstacle: only a run that was ended or replaced has lost its task.
 * @throws {LeaseLost} if it was. @throws {Refusal} NOT_FOUND for a run that does not exist or is another agent's.
 */
export async function lockLiveRun(tx: Transaction, viewer: Viewer, runId: string): Promise<LiveRun> {
  const found = await findRun(tx, toLookup(runId));
  // To an agent, the runs of others do not exist: an id that leaked is no token for anybody else.
  if (found === null || (viewer.agentId !== null && found.agentId !== viewer.agentId)) {
    throw new Refusal('NOT_FOUND', `There is no run ${toShown(runId)} of yours.`, ['runId']);
  }
  const task = await lockTask(tx, { id: found.taskId });
  // Only now, with the task locked, does the answer stay true until the commit.
  if (task === null || task.currentRunId !== runId) throw new LeaseLost(runId);
  return { task, run: found };
}

/**
 * The live run that a request means: by its id, or, for an operator, by its task.
 * @throws {Refusal} INVALID unless exactly one is named; FORBIDDEN for an agent that names the task.
 * @throws {InvalidTransition} for a task that nobody works on. The table may well let it reach `wish.to`, but by another
 * verb: what is FAILED becomes ASSIGNED by a retry and not by failing once more.
 */
export async function lockNamedRun(
  tx: Transaction,
  viewer: Viewer,
  input: { readonly runId?: string | null | undefined; readonly task?: TaskRef | null | undefined },
  wish: { readonly verb: string; readonly to: TaskStatus },
): Promise<{ readonly task: TaskRow; readonly runId: string }> {
  if ((typeof input.runId === 'string') === (input.task !== null && input.task !== undefined)) {
    throw new Refusal('INVALID', 'Give either runId or task.', ['runId']);
  }
  if (typeof input.runId === 'string') {
    const { task } = await lockLiveRun(tx, viewer, input.runId);
    return { task, runId: input.runId };
  }
  if (!hasRole(viewer, 'OPERATOR')) {
    throw new Refusal('FORBIDDEN', 'An agent shows its run: give runId instead of task.', ['task']);
  }
  const task = await lockTaskByRef(tx, input.task ?? {});
  if (task.status !== 'IN_PROGRESS' || task.currentRunId === null) {
    throw new InvalidTransition(task.status, wish.to, wish.verb);
  }
  return { task, runId: task.currentRunId };
}
