import { toActor, type Viewer } from '../../domain/actor.js';
import { checkFields } from '../../domain/inputs.js';
import { MAX_DISPATCH_ATTEMPTS } from '../../domain/limits.js';
import { decideFailure, type FailureDecision } from '../../domain/runs/attempt-failure.js';
import { newId } from '../../kernel/ids.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import type { Columns } from '../../store/lists/row-shape.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import { announceStatus } from '../agents/announce-status.js';
import { moveBack } from '../moves/move-back.js';
import { type Move, moveTask } from '../moves/move-task.js';
import { sayIfPinnedToOffline } from '../moves/say-offline.js';
import type { TaskRef } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { addCommentIn } from '../tasks/add-comment.js';
import { backOff, restAfter } from './attempt-backoff.js';
import { endRunInBatch } from './end-run-batch.js';
import { lockNamedRun } from './lock-run.js';

export interface FailTask {
  readonly runId?: string | null | undefined;
  readonly task?: TaskRef | null | undefined;
  readonly error: string;
  /** False fails the task without a further attempt. */
  readonly retry?: boolean | null | undefined;
}

/**
 * Ends a live run with an error. For another attempt the task returns to the agent of its pin, or without a pin to the
 * inbox after a backoff. After the fifth failed attempt, or with `retry: false`, it is FAILED. The same call with the same
 * run and error changes nothing and answers again, also with another `retry`. Reads at least the given columns of the task.
 * @throws {LeaseLost} if the run has ended or was replaced; nothing has changed then.
 */
export async function failTask(
  context: ServiceContext,
  viewer: Viewer,
  input: FailTask,
  columns: Columns<TaskRow> = '*',
): Promise<TaskRow> {
  checkFields(input, ['error']);
  return (await failInBatch(context, viewer, input, columns)) ?? failAlone(context, viewer, input);
}

/** Most calls: they name their run. Null if the call needs a transaction of its own. */
async function failInBatch(
  context: ServiceContext,
  viewer: Viewer,
  { task, runId, error, retry }: FailTask,
  columns: Columns<TaskRow>,
): Promise<TaskRow | null> {
  if (task) return null;
  const decisions = Array.from({ length: MAX_DISPATCH_ATTEMPTS }, (_, before) => {
    const decision = decideFailure(before, retry ?? true, viewer.agentId !== null);
    return { ...decision, waitMs: decision.to === 'back' ? restAfter(context, decision.attempts) : 0 };
  });
  const ending = { verb: 'fail', note: error, reason: error, decisions, commentId: newId('cmt') } as const;
  return endRunInBatch(context, viewer, runId, { ...ending, columns });
}

async function failAlone(context: ServiceContext, viewer: Viewer, input: FailTask): Promise<TaskRow> {
  const actor = toActor(viewer);
  return inTransaction(context.database, async (tx) => {
    const ending = { outcome: 'FAILED', error: input.error } as const;
    const named = await lockNamedRun(tx, viewer, input, { verb: 'fail', to: 'FAILED', ending });
    const { task } = named;
    if (named.isRepeat) return task;
    const seen = typeof input.runId === 'string';
    const decision = decideFailure(task.dispatchAttempts, input.retry ?? true, viewer.agentId !== null);
    const move = {
      verb: 'fail',
      actor,
      reason: input.error,
      runEnd: { outcome: 'FAILED', facts: { error: input.error }, byHolder: seen },
    } as const;
    const moved =
      decision.to === 'FAILED'
        ? await failForGood(tx, task, move, decision)
        : await requeue(context, tx, task, move, decision.attempts);
    await addCommentIn(tx, actor, moved, `Attempt ${decision.attempts} failed: ${input.error}`);
    if (task.assigneeId !== null) await announceStatus(context, tx, task.assigneeId, actor, { seen });
    await sayIfPinnedToOffline(context.settings, tx, moved);
    return moved;
  });
}

function failForGood(
  tx: Transaction,
  task: TaskRow,
  move: Omit<Move, 'to'> & { readonly reason: string },
  { attempts, reason }: Extract<FailureDecision, { readonly to: 'FAILED' }>,
): Promise<TaskRow> {
  const changes = { dispatchAttempts: attempts, failureReason: reason, failureDetail: move.reason };
  return moveTask(tx, task, { ...move, to: 'FAILED', event: 'task.failed', changes });
}

/** The agent of a pin knows the error and chooses when it retries. From the inbox another agent would get the task at once. */
async function requeue(
  context: Pick<ServiceContext, 'settings'>,
  tx: Transaction,
  task: TaskRow,
  move: Omit<Move, 'to'>,
  attempts: number,
): Promise<TaskRow> {
  const backoffUntil = task.pinned ? null : (await backOff(context, tx, attempts)).backoffUntil;
  const changes = { dispatchAttempts: attempts, backoffUntil };
  return moveBack(tx, task, { ...move, event: 'task.requeued', changes });
}
