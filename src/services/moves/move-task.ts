import { type Actor, SYSTEM } from '../../domain/actor.js';
import type { EventType } from '../../domain/events/event-types.js';
import { InvalidTransition } from '../../domain/refusals.js';
import { isAllowedTransition, isTerminal, type TaskStatus } from '../../domain/task-status.js';
import type { Transaction } from '../../postgres/transaction.js';
import { closeReviewRun, findOpenReviewRun } from '../../store/reviews/reviews.js';
import type { RunEnd, TaskRunRow } from '../../store/runs/runs.js';
import { moveTaskRow, settleNotBefore, type TaskRow } from '../../store/tasks/tasks.js';
import { endRun } from './end-run.js';
import { settleDependents } from './settle-dependents.js';
import { settlePipelineRunLater } from './settle-pipeline-run.js';

/** A change of status, and what changes with it. */
export interface Move {
  readonly to: TaskStatus;
  /** For the message of a refusal: "Cannot <verb>: the task is DONE". */
  readonly verb: string;
  readonly actor: Actor;
  /** The most telling name of the event; `task.status_changed` if it has no better one. */
  readonly event?: Extract<EventType, `task.${string}`>;
  readonly reason?: string | undefined;
  /** How the live run ends with this move. CANCELLED if nothing else is said. */
  readonly runEnd?: { readonly outcome: RunEnd; readonly facts?: Partial<TaskRunRow> };
  /** Further columns, written in the same statement. */
  readonly changes?: Partial<TaskRow>;
}

/**
 * THE ONE DOOR for a change of status, but for the claim, which the database function `claim_tasks` makes. The caller
 * holds the task's row lock. Writes the row by compare-and-set, ends the run or the review that was on, appends the
 * events and settles the tasks that depend on this one; all in the caller's transaction.
 * @throws {InvalidTransition} for a move that the table does not have, with the moves that it has.
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
  // The row lock makes this impossible; if it happens, a caller has come without the lock.
  if (moved === null)
    throw new Error(`task ${task.id} was no longer ${task.status} though its row was locked`);
  const waits = moved.status === 'INBOX' || moved.status === 'ASSIGNED';
  return waits ? ((await settleNotBefore(tx, task.id)) ?? moved) : moved;
}

/** A task that leaves IN_PROGRESS has no run any more, one that leaves REVIEW no reviewer. */
async function endWorkInProgress(tx: Transaction, task: TaskRow, move: Move): Promise<void> {
  if (task.currentRunId !== null) {
    const end = move.runEnd ?? { outcome: 'CANCELLED' };
    await endRun(tx, move.actor, task.currentRunId, end.outcome, end.facts);
  }
  if (task.status === 'REVIEW') {
    const review = await findOpenReviewRun(tx, task.id);
    // A call to a reviewer that gave this verdict itself has ended by now; any other is aborted.
    const isCutShort = move.to === 'CANCELLED' || review?.trigger === 'DISPATCH';
    const outcome = isCutShort ? 'CANCELLED' : 'SUCCEEDED';
    if (review !== null) await closeReviewRun(tx, review.id, outcome);
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
