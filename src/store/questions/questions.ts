import type { Actor } from '../../domain/actor.js';
import type { AnswerInput } from '../../domain/questions/answer.js';
import type { NewQuestion } from '../../domain/questions/question.js';
import type { Question } from '../../generated/prisma/client.js';
import { type Executor, query } from '../../postgres/statement.js';
import type { Transaction } from '../../postgres/transaction.js';

/** A row of `questions`. */
export type QuestionRow = Question;

/** The ids of a new question. */
export interface Asking {
  readonly id: string;
  readonly taskId: string;
  readonly runId: string;
  readonly asker: Actor;
}

/** Inserts an open question. The deadline is counted from now by the database clock. */
export async function insertQuestion(
  tx: Transaction,
  { id, taskId, runId, asker }: Asking,
  question: NewQuestion,
): Promise<QuestionRow> {
  const { text, kind, options, multiple, blocking, defaultAnswer, deadlineMs, onDeadline } = question;
  const row = await tx.one<QuestionRow>({
    name: 'insert_question',
    text: `INSERT INTO questions (id, task_id, run_id, asked_by_key_id, asked_by_agent_id, text, kind, options, multiple,
        blocking, default_answer, deadline, on_deadline)
      VALUES ($1, $2, $3, $4, $5, $6, $7::question_kind, $8::jsonb, $9, $10, $11::jsonb,
        now() + $12::bigint * interval '1 millisecond', $13::deadline_policy) RETURNING *`,
    values: [
      ...[id, taskId, runId, asker.keyId, asker.agentId, text, kind, JSON.stringify(options), multiple],
      ...[blocking, toJson(defaultAnswer), deadlineMs, onDeadline],
    ],
  });
  if (row === null) throw new Error('INSERT INTO questions returned no row');
  return row;
}

/** The question in any state; null if there is none. */
export async function findQuestion(tx: Transaction, id: string): Promise<QuestionRow | null> {
  return tx.one<QuestionRow>({
    name: 'find_question',
    text: 'SELECT * FROM questions WHERE id = $1',
    values: [id],
  });
}

/** The blocking question that ended a run; null if the run ended otherwise. */
export async function findQuestionOfRun(tx: Transaction, runId: string): Promise<QuestionRow | null> {
  return tx.one<QuestionRow>({
    name: 'find_question_of_run',
    text: 'SELECT * FROM questions WHERE run_id = $1 AND blocking',
    values: [runId],
  });
}

/** How an open question ends. */
export type QuestionEnd =
  | { readonly status: 'ANSWERED'; readonly answer: AnswerInput; readonly by: Actor }
  | { readonly status: 'WITHDRAWN' | 'EXPIRED' };

/** Ends an open question; null if it had ended. The caller holds the row lock of its task. */
export async function closeQuestion(
  tx: Transaction,
  id: string,
  end: QuestionEnd,
): Promise<QuestionRow | null> {
  const { answer, by } = end.status === 'ANSWERED' ? end : { answer: null, by: null };
  return tx.one<QuestionRow>({
    name: 'close_question',
    text: `UPDATE questions SET status = $2::question_status, answer = $3::jsonb, answered_by_key_id = $4,
        answered_by_agent_id = $5, closed_at = clock_timestamp()
      WHERE id = $1 AND status = 'OPEN' RETURNING *`,
    values: [id, end.status, toJson(answer), by?.keyId ?? null, by?.agentId ?? null],
  });
}

/** Changes the count of a task's open questions by a difference. Not a change of the task that a reader could conflict with. */
export async function addOpenQuestions(tx: Transaction, taskId: string, difference: 1 | -1): Promise<void> {
  await tx.query({
    name: 'add_open_questions',
    text: 'UPDATE tasks SET open_questions = open_questions + $2 WHERE id = $1',
    values: [taskId, difference],
  });
}

/** Marks an open question whose deadline has passed. It is not looked at again. */
export async function escalateQuestion(tx: Transaction, id: string): Promise<void> {
  await tx.query({
    name: 'escalate_question',
    text: 'UPDATE questions SET escalated_at = now() WHERE id = $1',
    values: [id],
  });
}

const IS_DUE = `q.status = 'OPEN' AND q.escalated_at IS NULL AND q.deadline <= now()`;

/** The first hundred questions whose deadline has passed. Uses questions_deadline_idx. */
export async function listDueQuestions(executor: Executor): Promise<{ readonly id: string }[]> {
  return query(executor, {
    name: 'list_due_questions',
    text: `SELECT q.id FROM questions q WHERE ${IS_DUE} ORDER BY q.deadline LIMIT 100`,
    values: [],
  });
}

/**
 * Locks the task of a question whose deadline has passed, and then reads the question. Null if another transaction has the
 * task, or if the question is not due any more: it may have been answered before the lock.
 */
export async function takeDueQuestion(tx: Transaction, id: string): Promise<QuestionRow | null> {
  const locked = await tx.one({
    name: 'lock_task_of_question',
    text: `SELECT t.id FROM tasks t JOIN questions q ON q.task_id = t.id
      WHERE q.id = $1 FOR NO KEY UPDATE OF t SKIP LOCKED`,
    values: [id],
  });
  if (locked === null) return null;
  // A second statement, because the first one saw the question as it was before the lock.
  return tx.one<QuestionRow>({
    name: 'find_due_question',
    text: `SELECT q.* FROM questions q WHERE q.id = $1 AND ${IS_DUE}`,
    values: [id],
  });
}

/** Milliseconds until the next deadline; null if no question has one. Uses questions_deadline_idx. */
export async function findNextDeadlineMs(executor: Executor): Promise<number | null> {
  const [row] = await query<{ ms: number | null }>(executor, {
    name: 'find_next_deadline',
    text: `SELECT extract(epoch FROM deadline - clock_timestamp())::float8 * 1000 AS ms FROM questions
      WHERE status = 'OPEN' AND deadline IS NOT NULL AND escalated_at IS NULL ORDER BY deadline LIMIT 1`,
    values: [],
  });
  return row?.ms ?? null;
}

/** SQL NULL for no value; the driver would make a PostgreSQL array of an array. */
function toJson(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}
