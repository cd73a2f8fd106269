import { type Actor, toActor, type Viewer } from '../../domain/actor.js';
import { checkFields } from '../../domain/inputs.js';
import { LIMITS } from '../../domain/limits.js';
import { type NewQuestion, parseQuestion, type QuestionInput } from '../../domain/questions/question.js';
import { LeaseLost, QuotaExceeded } from '../../domain/refusals.js';
import { cutText } from '../../domain/text-room.js';
import { newId } from '../../kernel/ids.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import {
  addOpenQuestions,
  findQuestion,
  findQuestionOfRun,
  insertQuestion,
  type QuestionRow,
} from '../../store/questions/questions.js';
import type { TaskRunRow } from '../../store/runs/runs.js';
import { findTask, type TaskRow } from '../../store/tasks/tasks.js';
import { announceStatus } from '../agents/announce-status.js';
import { findEarlier } from '../idempotency.js';
import { moveTask } from '../moves/move-task.js';
import { type LiveRun, lockLiveRun } from '../runs/lock-run.js';
import type { ServiceContext } from '../service-context.js';

/** A question for a person, asked by a live run. */
export interface AskQuestion extends QuestionInput {
  readonly runId: string;
  readonly idempotencyKey?: string | null | undefined;
}

/** A question with its task. */
export interface QuestionOfTask {
  readonly question: QuestionRow;
  readonly task: TaskRow;
}

/**
 * Asks a person a question. A blocking question ends the run as SUSPENDED and moves its task to INPUT_REQUIRED in one
 * transaction: the lease ends and the agent's slot is free at once. It counts as no attempt. With `blocking: false` the run
 * goes on. The same call with the same run and text, or the same idempotency key, is answered again.
 * @throws {Refusals} INVALID for a question that can't be asked so.
 * @throws {LeaseLost} if the run has ended or was replaced. @throws {QuotaExceeded} for too many open questions.
 */
export async function askQuestion(
  context: ServiceContext,
  viewer: Viewer,
  input: AskQuestion,
): Promise<QuestionOfTask> {
  checkFields(input, ['idempotencyKey']);
  const question = parseQuestion(input);
  const actor = toActor(viewer);
  return inTransaction(context.database, async (tx) => {
    const id = newId('qst');
    const earlier = await findEarlier(tx, viewer, 'askQuestion', input, id);
    const repeated = earlier === null ? null : await findQuestionOfTask(tx, earlier);
    if (repeated !== null) return repeated;
    const live = await lockLiveRun(tx, viewer, input.runId, { outcome: 'SUSPENDED' });
    if (live.isRepeat) return findRepeated(tx, live, question);
    const asked = await askIn(tx, live, { id, actor, question });
    await announceStatus(context, tx, live.run.agentId, actor, { seen: true });
    return asked;
  });
}

/** The question of an id with its task, without a lock; null if there is none. */
export async function findQuestionOfTask(tx: Transaction, id: string): Promise<QuestionOfTask | null> {
  const question = await findQuestion(tx, id);
  const task = question === null ? null : await findTask(tx, { id: question.taskId });
  return question === null || task === null ? null : { question, task };
}

/** How a question is asked in a transaction that has locked its task. */
export interface Asking {
  readonly id?: string;
  readonly actor: Actor;
  readonly question: NewQuestion;
  /** Other columns of the run that the question ends. */
  readonly facts?: Partial<TaskRunRow>;
}

/** Keeps the question, and suspends the run if the question is blocking. The caller has locked the task of the live run. */
export async function askIn(
  tx: Transaction,
  { task, run }: Pick<LiveRun, 'task' | 'run'>,
  { id = newId('qst'), actor, question, facts = {} }: Asking,
): Promise<QuestionOfTask> {
  checkRoom(task);
  const asked = await insertQuestion(tx, { id, taskId: task.id, runId: run.id, asker: actor }, question);
  const moved = question.blocking ? await suspend(tx, task, actor, facts) : task;
  if (!question.blocking) await addOpenQuestions(tx, task.id, 1);
  tx.emit({
    type: 'question.asked',
    actor,
    taskId: task.id,
    agentId: run.agentId,
    runId: run.id,
    payload: { questionId: id, message: cutText(question.text, LIMITS.progressLength) },
  });
  return { question: asked, task: moved };
}

function suspend(tx: Transaction, task: TaskRow, actor: Actor, facts: Partial<TaskRunRow>): Promise<TaskRow> {
  return moveTask(tx, task, {
    to: 'INPUT_REQUIRED',
    verb: 'ask',
    actor,
    reason: 'asked a question',
    runEnd: { outcome: 'SUSPENDED', facts, byHolder: true },
    changes: { openQuestions: task.openQuestions + 1 },
  });
}

/** The run was suspended by a call whose answer may have been lost: this one, if the question is the same. */
async function findRepeated(
  tx: Transaction,
  { task, run }: LiveRun,
  { text, blocking }: NewQuestion,
): Promise<QuestionOfTask> {
  const asked = await findQuestionOfRun(tx, run.id);
  if (asked === null || asked.text !== text || !blocking) throw new LeaseLost(run.id);
  return { question: asked, task };
}

function checkRoom({ number, openQuestions }: TaskRow): void {
  const limit = LIMITS.openQuestionsPerTask;
  if (openQuestions < limit) return;
  const message = `TASK-${number} has ${limit} open questions: ask again when some of them are answered or withdrawn.`;
  throw new QuotaExceeded(message, limit, null);
}
