import type { QuestionStatus } from '../../domain/questions/question-types.js';
import { allOf, identifier, type Sql, sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import type { Transaction } from '../../postgres/transaction.js';
import type { ChildLists, List } from '../lists/keyset.js';
import type { Order } from '../lists/order.js';
import { readRows, shapeOf } from '../lists/row-shape.js';
import { CREATED, ID } from '../lists/sort-keys.js';
import { type TaskViewer, visibleTo } from '../tasks/task-lists.js';
import type { QuestionRow } from './questions.js';

/** Which questions of all. An omitted condition matches every question. */
export interface QuestionSelection {
  readonly status?: readonly QuestionStatus[];
  readonly blocking?: boolean;
  readonly taskId?: string;
  /** The agent that asked. */
  readonly agentId?: string;
}

const SHAPE = shapeOf<QuestionRow>('Question', '*');
const COLUMNS = identifier(SHAPE.columns.join(', '));
const OLDEST_FIRST: Order<QuestionRow> = { tag: 'question', descending: false, keys: [CREATED, ID] };

/**
 * The questions that match and whose tasks the viewer may see, oldest first. Open ones use questions_open_idx, those of a task
 * questions_task_created_idx, others questions_created_idx.
 */
export function questionsThat(viewer: TaskViewer, selection: QuestionSelection): List<QuestionRow> {
  const seen =
    viewer === null
      ? []
      : [
          sql`EXISTS (SELECT FROM (SELECT t.task_id) q JOIN tasks t ON t.id = q.task_id WHERE ${visibleTo(viewer)})`,
        ];
  return {
    from: 'questions t',
    shape: SHAPE,
    where: allOf([...matches(selection), ...seen]),
    order: OLDEST_FIRST,
  };
}

function matches({ status, blocking, taskId, agentId }: QuestionSelection): Sql[] {
  return [
    ...(status === undefined ? [] : [hasStatus(status)]),
    ...(blocking === undefined ? [] : [sql`t.blocking = ${blocking}`]),
    ...(taskId === undefined ? [] : [sql`t.task_id = ${taskId}`]),
    ...(agentId === undefined ? [] : [sql`t.asked_by_agent_id = ${agentId}`]),
  ];
}

/** Open questions are the usual list. With a parameter the planner could not use the index of the open ones. */
function hasStatus(status: readonly QuestionStatus[]): Sql {
  if (status.every((each) => each === 'OPEN') && status.length > 0) return sql`t.status = 'OPEN'`;
  return sql`t.status = ANY(${status}::question_status[])`;
}

/** The questions about a task, oldest first. Uses questions_task_created_idx. */
export const QUESTIONS_OF_TASKS: ChildLists<QuestionRow> = {
  from: 'questions t',
  shape: SHAPE,
  parent: 't.task_id',
  where: sql`true`,
  order: OLDEST_FIRST,
};

/** The newest questions of a task that were answered or withdrawn, oldest first, at most `limit`. */
export async function listEndedQuestions(
  executor: Executor,
  taskId: string,
  limit: number,
): Promise<QuestionRow[]> {
  const newest = await readRows(
    executor,
    SHAPE,
    sql`SELECT ${COLUMNS} FROM questions t WHERE t.task_id = ${taskId} AND t.status IN ('ANSWERED', 'WITHDRAWN')
      ORDER BY t.created_at DESC, t.id DESC LIMIT ${limit}`,
  );
  return newest.reverse();
}

/**
 * The questions of these runs that did not end them and that were answered or withdrawn, oldest first, at most `limit`. Uses
 * questions_run_idx.
 */
export function listAnswersForRuns(
  executor: Executor,
  runIds: readonly string[],
  limit: number,
): Promise<QuestionRow[]> {
  return readRows(
    executor,
    SHAPE,
    sql`SELECT ${COLUMNS} FROM questions t WHERE t.run_id = ANY(${runIds}::text[]) AND NOT t.blocking
      AND t.status IN ('ANSWERED', 'WITHDRAWN') ORDER BY t.closed_at, t.id LIMIT ${limit}`,
  );
}

/**
 * How long tasks have waited for people, in milliseconds: the time with an open blocking question. A task has one at a time,
 * so the times never overlap. Tasks without one are left out.
 */
export async function readWaits(
  executor: Executor,
  taskIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await query<{ taskId: string; waitedMs: number }>(
    executor,
    toStatement(sql`SELECT task_id,
        (sum(extract(epoch FROM greatest(coalesce(closed_at, clock_timestamp()) - created_at, interval '0'))) * 1000)::float8 AS waited_ms
      FROM questions WHERE task_id = ANY(${taskIds}::text[]) AND blocking GROUP BY task_id`),
  );
  return new Map(rows.map(({ taskId, waitedMs }) => [taskId, Math.round(waitedMs)]));
}

/** An ended question for a prompt. */
export interface QuestionOfPrompt extends Pick<QuestionRow, 'text' | 'options' | 'answer'> {
  /** The answer of the gateway in which it was asked; null for a question that was asked otherwise. */
  readonly written: string | null;
}

/** The newest questions of a task that were answered or withdrawn, oldest first, for the prompt of its next attempt. */
export async function listQuestionsOfPrompt(
  tx: Transaction,
  taskId: string,
  limit: number,
): Promise<QuestionOfPrompt[]> {
  const newest = await tx.query<QuestionOfPrompt>({
    name: 'list_questions_of_prompt',
    text: `SELECT q.text, q.options, q.answer, CASE WHEN r.outcome = 'SUSPENDED' AND r.trigger = 'DISPATCH' THEN r.output END AS written
      FROM questions q JOIN task_runs r ON r.id = q.run_id
      WHERE q.task_id = $1 AND q.status IN ('ANSWERED', 'WITHDRAWN') ORDER BY q.created_at DESC, q.id DESC LIMIT $2`,
    values: [taskId, limit],
  });
  return newest.reverse();
}
