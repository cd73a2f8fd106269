import { toActor, type Viewer } from '../../domain/actor.js';
import { checkFields } from '../../domain/inputs.js';
import { Refusal } from '../../domain/refusals.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import type { Columns } from '../../store/lists/row-shape.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import { announceStatus } from '../agents/announce-status.js';
import { moveBack, moveToInbox } from '../moves/move-back.js';
import { type Move, moveTask } from '../moves/move-task.js';
import { sayIfPinnedToOffline } from '../moves/say-offline.js';
import { type AgentRef, getAgentByRef } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { endRunInBatch } from './end-run-batch.js';
import { type LiveRun, lockLiveRun } from './lock-run.js';

export interface ReleaseTask {
  readonly runId: string;
  readonly reason?: string | null | undefined;
  /** Passes the task on to another agent, even if its assignee was named. */
  readonly pass?: boolean | null | undefined;
  /** The agent that it is passed to; the inbox if left out. */
  readonly to?: AgentRef | null | undefined;
}

/**
 * Releases a task. It does not count as a failed attempt. A task with a pin stays assigned to its agent and is claimable at
 * once; another one goes to the inbox, and to this agent again only if no other agent can take it. With `pass` the task
 * goes to the inbox in either case, or to the agent in `to`. The same call with the same run and reason changes nothing and
 * answers again, also with another `pass` or `to`. Reads at least the given columns of the task.
 * @throws {LeaseLost} if the run has ended or was replaced; nothing has changed then.
 * @throws {Refusal} UNKNOWN_AGENT; INVALID for `to` without `pass`, or if `to` is the agent that holds the task.
 */
export async function releaseTask(
  context: ServiceContext,
  viewer: Viewer,
  input: ReleaseTask,
  columns: Columns<TaskRow> = '*',
): Promise<TaskRow> {
  checkFields(input, ['reason']);
  if (input.to && input.pass !== true) {
    throw new Refusal('INVALID', 'Give pass: true with to.', ['to']);
  }
  return (await releaseInBatch(context, viewer, input, columns)) ?? releaseAlone(context, viewer, input);
}

/** Most calls: they name no other agent. Null if the call needs a transaction of its own. */
async function releaseInBatch(
  context: ServiceContext,
  viewer: Viewer,
  input: ReleaseTask,
  columns: Columns<TaskRow>,
): Promise<TaskRow | null> {
  if (input.to) return null;
  const ending = { verb: 'release', note: input.reason ?? null, reason: reasonOf(input) } as const;
  return endRunInBatch(context, viewer, input.runId, { ...ending, passes: input.pass ?? false, columns });
}

/** The reason in the event. */
function reasonOf({ reason, pass }: ReleaseTask): string {
  return reason ?? (pass ? 'passed on' : 'released');
}

async function releaseAlone(context: ServiceContext, viewer: Viewer, input: ReleaseTask): Promise<TaskRow> {
  const actor = toActor(viewer);
  return inTransaction(context.database, async (tx) => {
    const ending = { outcome: 'RELEASED', error: input.reason ?? null } as const;
    const live = await lockLiveRun(tx, viewer, input.runId, ending);
    if (live.isRepeat) return live.task;
    const released = await moveOn(tx, live, input, {
      verb: 'release',
      actor,
      event: 'task.requeued',
      reason: reasonOf(input),
      runEnd: { outcome: 'RELEASED', facts: { error: input.reason ?? null }, byHolder: true },
    });
    await announceStatus(context, tx, live.run.agentId, actor, { seen: true });
    await sayIfPinnedToOffline(context.settings, tx, released);
    return released;
  });
}

async function moveOn(
  tx: Transaction,
  { task, run }: LiveRun,
  { pass, to }: ReleaseTask,
  move: Omit<Move, 'to'>,
): Promise<TaskRow> {
  if (to) return passTo(tx, task, to, move);
  const releasedBy = [...new Set([...task.releasedBy, run.agentId])].sort();
  if (pass) return moveToInbox(tx, task, { ...move, changes: { releasedBy } });
  return moveBack(tx, task, { ...move, changes: task.pinned ? {} : { releasedBy } });
}

async function passTo(
  tx: Transaction,
  task: TaskRow,
  to: AgentRef,
  move: Omit<Move, 'to'>,
): Promise<TaskRow> {
  const agent = await getAgentByRef(tx.executor, to, ['to']);
  if (agent.id === task.assigneeId) {
    throw new Refusal('INVALID', `${agent.name} holds the task: name another agent in to.`, ['to']);
  }
  const changes = { assigneeId: agent.id, pinned: true, releasedBy: [] };
  const moved = await moveTask(tx, task, { ...move, to: 'ASSIGNED', changes });
  tx.emit({
    type: 'task.assigned',
    actor: move.actor,
    taskId: task.id,
    agentId: agent.id,
    payload: { assigneeId: agent.id, previousAssigneeId: task.assigneeId },
  });
  return moved;
}
