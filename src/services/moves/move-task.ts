import { type Actor, SYSTEM } from '../../domain/actor.js';
import type { EventType } from '../../domain/events/event-types.js';
import { InvalidTransition } from '../../domain/refusals.js';
import { explainLostRun } from '../../domain/runs/lost-run.js';
import { isAllowedTransition, isTerminal, type TaskStatus } from '../../domain/tasks/task-status.js';
import type { Transaction } from '../../postgres/transaction.js';
import { closeReviewRun, findOpenReviewRun } from '../../store/reviews/reviews.js';
import type { RunEnd, TaskRunRow } from '../../store/runs/runs.js';
import { moveTaskRow, settleNotBefore, type TaskRow } from '../../store/tasks/tasks.js';
import { endRun } from './end-run.js';
import { settleDependents } from './settle-dependents.js';
import { settlePipelineRunLater } from './settle-pipeline-run.js';

/** A status change of a task, with its side effects. */
export interface Move {
  readonly to: TaskStatus;
  /** For the message of a refusal: "Cannot <verb>: the task is DONE". */
  readonly verb: string;
  readonly actor: Actor;
  /** The specific event type; `task.status_changed` by default. */
  readonly event?: Extract<EventType, `task.${string}`>;
  readonly reason?: string | undefined;
  /** How the live run ends with this move; CANCELLED by default. */
  readonly runEnd?: {
    readonly outcome: RunEnd;
    readonly facts?: Partial<TaskRunRow>;
    /** True if the run's holder ends it. Otherwise the heartbeats of its agent say that the run is lost, and why. */
    readonly byHolder?: boolean;
  };
  /** Other columns to write in the same statement. */
  readonly changes?: Partial<TaskRow>;
}

/**
 * The only function that changes the status of a task, except for three database functions: `claim_tasks`, `end_runs` for runs
 * that their holders end, and `submit_verdicts`. Tests compare what the last two write with what this function writes. The caller holds the
 * task's row lock. In the caller's transaction it writes the row by compare-and-set, ends the open run or review, appends
 * the events and settles the tasks that depend on this one.
 * @throws {InvalidTransition} with the allowed statuses, for a move that the transition table does not allow.
 */
export async function moveTask(tx: Transaction, task: TaskRow, move: Move): Promise<TaskRow> {
  if (!isAllowedTransition(task.status, move.to)) {
    throw new InvalidTransition(task.status, move.to, move.verb);
  }
  const moved = await writeMove(tx, task, move);
  await endWorkInProgress(tx, task, move);
  emitMove(tx, task, moved, move);
  if (isTerminal(move.to) || isTerminal(task.status)) settlePipelineRunLater(tx, task);
  if (isTerminal(move.to)) {
    await settleDependents(tx, moved, (dependent, reason) => cancelDependent(tx, dependent, reason));
  }
  return moved;
}

async function writeMove(tx: Transaction, task: TaskRow, move: Move): Promise<TaskRow> {
  const changes =
    task.status === 'IN_PROGRESS' ? { ...move.changes, currentRunId: null } : (move.changes ?? {});
  const moved = await moveTaskRow(tx, task, move.to, changes);
  // Only a caller that does not hold the row lock can get here.
  if (moved === null)
    throw new Error(`task ${task.id} was no longer ${task.status} although its row was locked`);
  const waits = moved.status === 'INBOX' || moved.status === 'ASSIGNED';
  return waits ? ((await settleNotBefore(tx, task.id)) ?? moved) : moved;
}

/** Ends the open run of a task that leaves IN_PROGRESS, and the open review of a task that leaves REVIEW. */
async function endWorkInProgress(tx: Transaction, task: TaskRow, move: Move): Promise<void> {
  if (task.currentRunId !== null) {
    const { outcome, facts, byHolder = false } = move.runEnd ?? { outcome: 'CANCELLED' };
    const lostReason = byHolder ? null : explainLostRun(move);
    await endRun(tx, move.actor, task.currentRunId, outcome, { ...facts, lostReason });
  }
  if (task.status === 'REVIEW') {
    const review = await findOpenReviewRun(tx, task.id);
    // If a gateway call to a reviewer gave this verdict, its review run has ended already; any other call is aborted.
    const isAborted = move.to === 'CANCELLED' || review?.trigger === 'DISPATCH';
    const outcome = isAborted ? 'CANCELLED' : 'SUCCEEDED';
    if (review !== null) {
      const lostReason = review.agentId === move.actor.agentId ? null : explainLostRun(move);
      await closeReviewRun(tx, review.id, outcome, { lostReason });
    }
  }
}

function emitMove(tx: Transaction, task: TaskRow, moved: TaskRow, move: Move): void {
  tx.emit({
    type: move.event ?? 'task.status_changed',
    actor: move.actor,
    taskId: task.id,
    agentId: moved.assigneeId ?? task.assigneeId,
    runId: task.currentRunId ?? moved.currentRunId,
    payload: {
      from: task.status,
      to: move.to,
      ...(move.reason === undefined ? {} : { reason: move.reason }),
    },
  });
}

async function cancelDependent(tx: Transaction, dependent: TaskRow, reason: string): Promise<void> {
  await moveTask(tx, dependent, {
    to: 'CANCELLED',
    verb: 'cancel',
    actor: SYSTEM,
    event: 'task.cancelled',
    reason,
  });
}
