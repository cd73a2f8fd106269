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
 * Returns rejected tasks without a pin to the inbox if their agent is silent for longer than the agent timeout. A rejected
 * task first waits for that agent, because the agent knows the work. Returns the number of tasks.
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
