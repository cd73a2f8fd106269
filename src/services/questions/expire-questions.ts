import { SYSTEM } from '../../domain/actor.js';
import { parseAnswer } from '../../domain/questions/stored-question.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import {
  escalateQuestion,
  findNextDeadlineMs,
  listDueQuestions,
  type QuestionRow,
  takeDueQuestion,
} from '../../store/questions/questions.js';
import { findTask, type TaskRow } from '../../store/tasks/tasks.js';
import { moveTask } from '../moves/move-task.js';
import type { ServiceContext } from '../service-context.js';
import { addCommentIn } from '../tasks/add-comment.js';
import { closeOpen, endQuestion } from './end-question.js';

type Context = Pick<ServiceContext, 'database' | 'settings'>;

/** The result of one run. */
export interface ExpiredQuestions {
  readonly handled: number;
  /** Milliseconds until the next deadline; undefined if no question has one. */
  readonly nextInMs: number | undefined;
}

/** The wait, in milliseconds, while the tasks of all due questions are locked. */
const LOCKED_REST_MS = 100;

/**
 * Applies the policies of deadlines that have passed. Each question has its own transaction, so one that fails delays no
 * other; the failures are thrown together at the end. Any number of processes may run this concurrently.
 */
export async function expireQuestions(context: Context): Promise<ExpiredQuestions> {
  const { pool } = context.database;
  const failures: Error[] = [];
  let handled = 0;
  for (const { id } of await listDueQuestions(pool)) {
    try {
      if (await inTransaction(context.database, (tx) => expire(context, tx, id))) handled += 1;
    } catch (error) {
      failures.push(new Error(`question ${id}`, { cause: error }));
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'The deadlines of questions were not applied');
  const nextInMs = await findNextDeadlineMs(pool);
  if (nextInMs === null) return { handled, nextInMs: undefined };
  return { handled, nextInMs: handled === 0 ? Math.max(nextInMs, LOCKED_REST_MS) : Math.max(nextInMs, 0) };
}

async function expire(context: Context, tx: Transaction, id: string): Promise<boolean> {
  const question = await takeDueQuestion(tx, id);
  const task = question === null ? null : await findTask(tx, { id: question.taskId });
  if (question === null || task === null) return false;
  if (question.onDeadline === 'USE_DEFAULT') await useDefault(context, tx, task, question);
  else if (question.onDeadline === 'FAIL') await fail(tx, task, question);
  else await escalate(tx, task, question);
  return true;
}

async function useDefault(
  context: Context,
  tx: Transaction,
  task: TaskRow,
  question: QuestionRow,
): Promise<void> {
  const answer = parseAnswer(question.defaultAnswer);
  if (answer === null) throw new Error('a question with USE_DEFAULT has no default');
  await endQuestion(
    context,
    tx,
    { task, question },
    {
      end: { status: 'ANSWERED', answer, by: SYSTEM },
      actor: SYSTEM,
      event: 'question.answered',
      verb: 'answer',
      reason: 'the deadline has passed: the default is the answer',
    },
  );
}

async function fail(tx: Transaction, task: TaskRow, question: QuestionRow): Promise<void> {
  await closeOpen(tx, question, { status: 'EXPIRED' });
  const reason = `No answer came before ${question.deadline?.toISOString()}: ${question.text}`;
  emitDeadline(tx, task, question, 'question.expired');
  const failed = await moveTask(tx, task, {
    to: 'FAILED',
    verb: 'expire',
    actor: SYSTEM,
    event: 'task.failed',
    reason,
    changes: {
      openQuestions: task.openQuestions - 1,
      failureReason: 'QUESTION_EXPIRED',
      failureDetail: reason,
    },
  });
  await addCommentIn(tx, SYSTEM, failed, reason);
}

async function escalate(tx: Transaction, task: TaskRow, question: QuestionRow): Promise<void> {
  await escalateQuestion(tx, question.id);
  emitDeadline(tx, task, question, 'question.escalated');
}

function emitDeadline(
  tx: Transaction,
  task: TaskRow,
  question: QuestionRow,
  type: 'question.expired' | 'question.escalated',
): void {
  tx.emit({
    type,
    actor: SYSTEM,
    taskId: task.id,
    agentId: task.assigneeId,
    runId: question.runId,
    payload: { questionId: question.id, reason: 'the deadline has passed' },
  });
}
