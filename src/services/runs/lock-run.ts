import { hasRole, type Viewer } from '../../domain/actor.js';
import { InvalidTransition, LeaseLost, Refusal } from '../../domain/refusals.js';
import type { TaskStatus } from '../../domain/tasks/task-status.js';
import type { Transaction } from '../../postgres/transaction.js';
import { findRun, type TaskRunRow } from '../../store/runs/runs.js';
import { lockTask, type TaskRow } from '../../store/tasks/tasks.js';
import { lockTaskByRef, type TaskRef, toLookup, toShown } from '../refs.js';

/** A locked task and the live run that holds it. */
export interface LiveRun {
  readonly task: TaskRow;
  readonly run: TaskRunRow;
  /** True: the run was ended by this very call before, whose answer was lost. Nothing is left to do. */
  readonly isRepeat: boolean;
}

/** How the call would end the run, to find out whether it is the repeat of a call that did. */
export type RunEnding = Partial<Pick<TaskRunRow, 'outcome' | 'output' | 'error'>>;

/**
 * Locks the task of a run and checks that the run still holds it. An expired lease alone does not matter: a run loses its
 * task only when it is ended or replaced. A run that its holder ended as `ending` says is returned as a repeat.
 * @throws {LeaseLost} if it was. @throws {Refusal} NOT_FOUND for a run that does not exist or belongs to another agent.
 */
export async function lockLiveRun(
  tx: Transaction,
  viewer: Viewer,
  runId: string,
  ending?: RunEnding,
): Promise<LiveRun> {
  const found = await findRun(tx, toLookup(runId));
  // A leaked run id must not work for another agent, so an agent gets the same refusal as for a missing run.
  if (found === null || (viewer.agentId !== null && found.agentId !== viewer.agentId)) {
    throw new Refusal('NOT_FOUND', `There is no run ${toShown(runId)} that belongs to you.`, ['runId']);
  }
  const task = await lockTask(tx, { id: found.taskId });
  // This check must follow the lock, because only then does its result hold until the commit.
  if (task !== null && task.currentRunId === runId) return { task, run: found, isRepeat: false };
  const ended = await findRun(tx, found.id);
  if (task === null || ended === null || !wasEndedLike(ended, ending)) throw new LeaseLost(runId);
  return { task, run: ended, isRepeat: true };
}

/** Whether the holder ended the run in this way. A run that an operator ended in the same way is lost to its holder. */
function wasEndedLike(run: TaskRunRow, ending: RunEnding | undefined): boolean {
  if (ending === undefined || run.lostReason !== null || run.trigger !== 'CLAIM') return false;
  const stored = new Map(Object.entries(run));
  return Object.entries(ending).every(([name, value]) => stored.get(name) === value);
}

/**
 * Locks the live run of a request: by its id, or, for an operator, by its task. By its id also the run that the same request
 * has ended before.
 * @throws {Refusal} INVALID unless exactly one of the two is given; FORBIDDEN for an agent that gives the task.
 * @throws {InvalidTransition} for a task without a live run, even if the transition table allows `move.to`: a FAILED task
 * becomes ASSIGNED by a retry, not by another failure.
 */
export async function lockNamedRun(
  tx: Transaction,
  viewer: Viewer,
  input: { readonly runId?: string | null | undefined; readonly task?: TaskRef | null | undefined },
  move: { readonly verb: string; readonly to: TaskStatus; readonly ending: RunEnding },
): Promise<{ readonly task: TaskRow; readonly runId: string; readonly isRepeat: boolean }> {
  if ((typeof input.runId === 'string') === (input.task !== null && input.task !== undefined)) {
    throw new Refusal('INVALID', 'Give either runId or task, and only one of them.', ['runId']);
  }
  if (typeof input.runId === 'string') {
    const { task, isRepeat } = await lockLiveRun(tx, viewer, input.runId, move.ending);
    return { task, runId: input.runId, isRepeat };
  }
  if (!hasRole(viewer, 'OPERATOR')) {
    throw new Refusal(
      'FORBIDDEN',
      'A key of an agent names the run of its claim (runId) and not the task: the run proves that the agent still holds it.',
      ['task'],
    );
  }
  const task = await lockTaskByRef(tx, input.task ?? {});
  if (task.status !== 'IN_PROGRESS' || task.currentRunId === null) {
    throw new InvalidTransition(task.status, move.to, move.verb);
  }
  return { task, runId: task.currentRunId, isRepeat: false };
}
