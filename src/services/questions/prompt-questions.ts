import type { PromptComment, PromptQuestion } from '../../domain/dispatch/people-sections.js';
import { describeAnswer } from '../../domain/questions/answer.js';
import { parseAnswer, parseOptions } from '../../domain/questions/stored-question.js';
import type { Transaction } from '../../postgres/transaction.js';
import { listEventNames } from '../../store/events/event-names.js';
import { listQuestionsOfPrompt } from '../../store/questions/question-lists.js';
import { listNewComments } from '../../store/tasks/comment-lists.js';

/** The maximum numbers of questions and comments in a prompt. */
const MAX_QUESTIONS = 50;
const MAX_COMMENTS = 50;

/** The ended questions about a task for the next prompt, oldest first. */
export async function listPromptQuestions(tx: Transaction, taskId: string): Promise<PromptQuestion[]> {
  const rows = await listQuestionsOfPrompt(tx, taskId, MAX_QUESTIONS);
  return rows.map(({ text, answer, options, written }) => {
    const given = parseAnswer(answer);
    const words = given === null ? null : describeAnswer({ options: parseOptions(options) }, given);
    return { text, answer: words, written };
  });
}

/** What people have commented on a task since the last run began that handed in a result, for the next prompt. */
export async function listPromptComments(tx: Transaction, taskId: string): Promise<PromptComment[]> {
  const comments = await listNewComments(tx.executor, taskId, MAX_COMMENTS);
  const keyIds = [...new Set(comments.flatMap(({ authorKeyId }) => authorKeyId ?? []))];
  const names = keyIds.length === 0 ? [] : await listEventNames(tx.executor, keyIds);
  const nameOf = new Map(names.map(({ id, name }) => [id, name]));
  return comments.map(({ authorKeyId, createdAt, body }) => ({
    author: nameOf.get(authorKeyId ?? '') ?? '',
    at: createdAt,
    body,
  }));
}
