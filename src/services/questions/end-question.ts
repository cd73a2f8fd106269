import type { Actor } from '../../domain/actor.js';
import { isSilent } from '../../domain/agents/status.js';
import type { EventType } from '../../domain/events/event-types.js';
import type { Transaction } from '../../postgres/transaction.js';
import { findSightingOfPullAgent } from '../../store/agents/agent-timeouts.js';
import {
  addOpenQuestions,
  closeQuestion,
  type QuestionEnd,
  type QuestionRow,
} from '../../store/questions/questions.js';
import { findTask, type TaskRow } from '../../store/tasks/tasks.js';
import { moveToInbox } from '../moves/move-back.js';
import { type Move, moveTask } from '../moves/move-task.js';
import { sayIfPinnedToOffline } from '../moves/say-offline.js';
import type { ServiceContext } from '../service-context.js';
import type { QuestionOfTask } from './ask-question.js';

/** How a question ends so that its task goes on. */
export interface Ending {
  readonly end: QuestionEnd;
  readonly actor: Actor;
  readonly event: Extract<EventType, 'question.answered' | 'question.withdrawn'>;
  readonly verb: 'answer' | 'withdraw';
  /** Why the task waits for a claim again. */
  readonly reason: string;
}

/**
 * Ends an open question. The task of a blocking question is claimable again in the same commit, at its old place in the queue.
 * The caller has locked the task and has seen that the question is open.
 */
export async function endQuestion(
  { settings }: Pick<ServiceContext, 'settings'>,
  tx: Transaction,
  { task, question }: QuestionOfTask,
  { end, actor, event, verb, reason }: Ending,
): Promise<QuestionOfTask> {
  const closed = await closeOpen(tx, question, end);
  tx.emit({
    type: event,
    actor,
    taskId: task.id,
    agentId: task.assigneeId,
    runId: question.runId,
    payload: { questionId: question.id, reason },
  });
  if (!question.blocking) {
    await addOpenQuestions(tx, task.id, -1);
    return { question: closed, task: (await findTask(tx, { id: task.id })) ?? task };
  }
  const move = { verb, actor, event: 'task.requeued', reason } as const;
  return { question: closed, task: await resume(settings, tx, task, move) };
}

/** Closes a question that the caller has seen open under the lock of its task. */
export async function closeOpen(
  tx: Transaction,
  { id }: QuestionRow,
  end: QuestionEnd,
): Promise<QuestionRow> {
  const closed = await closeQuestion(tx, id, end);
  if (closed === null) throw new Error(`question ${id} was closed although its task was locked`);
  return closed;
}

/**
 * Returns the task to the agent that asked, because the agent knows the story. A task without a pin goes to the inbox if that
 * agent is silent for longer than the agent timeout; `returnAbandonedTasks` does the same for one that falls silent later.
 */
async function resume(
  settings: Pick<ServiceContext['settings'], 'agentTimeoutMs'>,
  tx: Transaction,
  task: TaskRow,
  move: Omit<Move, 'to'>,
): Promise<TaskRow> {
  const changes = { openQuestions: task.openQuestions - 1 };
  if (await isAbandoned(settings, tx, task)) return moveToInbox(tx, task, { ...move, changes });
  const moved = await moveTask(tx, task, { ...move, to: 'ASSIGNED', changes });
  await sayIfPinnedToOffline(settings, tx, moved);
  return moved;
}

async function isAbandoned(
  { agentTimeoutMs }: Pick<ServiceContext['settings'], 'agentTimeoutMs'>,
  tx: Transaction,
  { pinned, assigneeId }: TaskRow,
): Promise<boolean> {
  if (pinned || assigneeId === null) return false;
  const sighting = await findSightingOfPullAgent(tx, assigneeId);
  return sighting !== null && isSilent(sighting.lastSeenAt, sighting.nowAt, agentTimeoutMs);
}
