import { toActor, type Viewer } from '../../domain/actor.js';
import { checkFields } from '../../domain/inputs.js';
import { inTransaction } from '../../postgres/transaction.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import { announceStatus } from '../agents/announce-status.js';
import { moveTask } from '../moves/move-task.js';
import type { ServiceContext } from '../service-context.js';
import { lockLiveRun } from './lock-run.js';

/**
 * Releases a task. It does not count as a failed attempt; the task stays assigned to the agent and is claimable at once.
 * The same call with the same run and reason changes nothing and answers again.
 * @throws {LeaseLost} if the run has ended or was replaced; nothing has changed then.
 */
export async function releaseTask(
  context: ServiceContext,
  viewer: Viewer,
  input: { readonly runId: string; readonly reason?: string | null | undefined },
): Promise<TaskRow> {
  checkFields(input, ['reason']);
  const actor = toActor(viewer);
  return inTransaction(context.database, async (tx) => {
    const ending = { outcome: 'RELEASED', error: input.reason ?? null } as const;
    const { task, run, isRepeat } = await lockLiveRun(tx, viewer, input.runId, ending);
    if (isRepeat) return task;
    const released = await moveTask(tx, task, {
      to: 'ASSIGNED',
      verb: 'release',
      actor,
      event: 'task.requeued',
      reason: input.reason ?? 'released',
      runEnd: { outcome: 'RELEASED', facts: { error: input.reason ?? null }, byHolder: true },
    });
    await announceStatus(context, tx, run.agentId, actor, { seen: true });
    return released;
  });
}
