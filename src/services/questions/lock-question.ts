import { hasRole, type Viewer } from '../../domain/actor.js';
import { describeAnswer } from '../../domain/questions/answer.js';
import { parseAnswer, parseOptions } from '../../domain/questions/stored-question.js';
import { AlreadyAnswered, Refusal } from '../../domain/refusals.js';
import type { Transaction } from '../../postgres/transaction.js';
import { findQuestion, type QuestionRow } from '../../store/questions/questions.js';
import { lockTask, type TaskRow } from '../../store/tasks/tasks.js';
import { toLookup, toShown } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { canSeeTask } from '../tasks/task-visibility.js';
import type { QuestionOfTask } from './ask-question.js';

/**
 * Locks the task of a question, which every end of the question does: of two at once, the second sees the first.
 * @throws {Refusal} NOT_FOUND also for a question whose task the viewer may not see.
 */
export async function lockQuestion(
  context: ServiceContext,
  tx: Transaction,
  viewer: Viewer,
  id: string,
): Promise<QuestionOfTask> {
  const found = await findQuestion(tx, toLookup(id));
  const isSeen = found !== null && (await canSeeTask(context, tx, viewer, { id: found.taskId }));
  const task = isSeen ? await lockTask(tx, { id: found.taskId }) : null;
  // Read again, because only what is read after the lock holds until the commit.
  const question = task === null ? null : await findQuestion(tx, toLookup(id));
  if (task === null || question === null)
    throw new Refusal('NOT_FOUND', `There is no question ${toShown(id)} that you may see.`, ['id']);
  return { task, question };
}

/** Whether the viewer decides about the task: an operator, or who created it. */
export function decidesAbout(viewer: Viewer, task: TaskRow): boolean {
  if (hasRole(viewer, 'OPERATOR')) return true;
  return viewer.agentId !== null && viewer.agentId === task.createdByAgentId;
}

/** The refusal for a question that is not open, with the answer that won. */
export function noLongerOpen({ id, status, answer, options }: QuestionRow): AlreadyAnswered {
  return new AlreadyAnswered(id, explain(status, answer, options));
}

const ENDINGS: Readonly<Record<string, string>> = {
  WITHDRAWN: 'The question was withdrawn.',
  EXPIRED: 'The deadline of the question has passed, and its task has failed.',
  CLOSED: 'The task of the question has ended.',
};

/** The longest part of an answer in a message. */
const SHOWN_LENGTH = 200;

function explain(status: QuestionRow['status'], answer: unknown, options: unknown): string {
  const won = parseAnswer(answer);
  if (won === null) return ENDINGS[status] ?? `The question is ${status}.`;
  const said = describeAnswer({ options: parseOptions(options) }, won);
  const shown = said.length > SHOWN_LENGTH ? `${said.slice(0, SHOWN_LENGTH)}…` : said;
  return `The question is answered already, and the first answer stands: ${shown}`;
}
