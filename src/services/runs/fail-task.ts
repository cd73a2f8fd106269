import { toActor, type Viewer } from '../../domain/actor.js';
import { checkFields } from '../../domain/inputs.js';
import { decideFailure } from '../../domain/runs/attempt-failure.js';
import { inTransaction } from '../../postgres/transaction.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import { announceStatus } from '../agents/announce-status.js';
import { moveTask } from '../moves/move-task.js';
import type { TaskRef } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { addCommentIn } from '../tasks/add-comment.js';
import { lockNamedRun } from './lock-run.js';

export interface FailTask {
  readonly runId?: string | null | undefined;
  readonly task?: TaskRef | null | undefined;
  readonly error: string;
  /** False fails the task without a further attempt. */
  readonly retry?: boolean | null | undefined;
}

/**
 * Ends a live run with an error. The task returns to its assignee for another attempt. After the fifth failed attempt, or
 * with `retry: false`, it is FAILED. The same call with the same run and error changes nothing and answers again.
 * @throws {LeaseLost} if the run has ended or was replaced; nothing has changed then.
 */
export async function failTask(context: ServiceContext, viewer: Viewer, input: FailTask): Promise<TaskRow> {
  checkFields(input, ['error']);
  const actor = toActor(viewer);
  return inTransaction(context.database, async (tx) => {
    const ending = { outcome: 'FAILED', error: input.error } as const;
    const named = await lockNamedRun(tx, viewer, input, { verb: 'fail', to: 'FAILED', ending });
    const { task } = named;
    if (named.isRepeat) return task;
    const seen = typeof input.runId === 'string';
    const decision = decideFailure(task.dispatchAttempts, input.retry ?? true, viewer.agentId !== null);
    const moved = await moveTask(tx, task, {
      to: decision.to,
      verb: 'fail',
      actor,
      event: decision.to === 'FAILED' ? 'task.failed' : 'task.requeued',
      reason: input.error,
      runEnd: { outcome: 'FAILED', facts: { error: input.error }, byHolder: seen },
      changes: {
        dispatchAttempts: decision.attempts,
        ...(decision.to === 'FAILED' ? { failureReason: decision.reason, failureDetail: input.error } : {}),
      },
    });
    await addCommentIn(tx, actor, moved, `Attempt ${decision.attempts} failed: ${input.error}`);
    if (task.assigneeId !== null) await announceStatus(context, tx, task.assigneeId, actor, { seen });
    return moved;
  });
}
