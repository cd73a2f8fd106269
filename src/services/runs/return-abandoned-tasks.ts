import { SYSTEM } from '../../domain/actor.js';
import { inTransaction } from '../../postgres/transaction.js';
import {
  type AbandonedTask,
  listAbandonedTasks,
  takeAbandonedTask,
} from '../../store/runs/abandoned-tasks.js';
import { moveToInbox } from '../moves/move-back.js';
import type { ServiceContext } from '../service-context.js';

/**
 * Returns to the inbox what waits for the agent that knows it, and was not assigned to it by name, once that agent is
 * silent for longer than the agent timeout: rejected work. Answers how many.
 */
export async function returnAbandonedTasks(
  context: Pick<ServiceContext, 'database' | 'settings'>,
): Promise<number> {
  const { agentTimeoutMs } = context.settings;
  let returned = 0;
  for (const task of await listAbandonedTasks(context.database.pool, agentTimeoutMs)) {
    if (await returnTask(context, task)) returned += 1;
  }
  return returned;
}

function returnTask(
  { database, settings }: Pick<ServiceContext, 'database' | 'settings'>,
  { id, agentName }: AbandonedTask,
): Promise<boolean> {
  return inTransaction(database, async (tx) => {
    const task = await takeAbandonedTask(tx, settings.agentTimeoutMs, id);
    if (task === null) return false;
    const reason = `${agentName} is offline and was not named as the assignee: the task is back in the inbox.`;
    await moveToInbox(tx, task, { verb: 'return', actor: SYSTEM, event: 'task.requeued', reason });
    return true;
  });
}
