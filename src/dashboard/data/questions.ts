import { signal } from '@preact/signals';
import { OpenQuestionsDocument, type QuestionViewFragment } from '../../generated/dashboard/questions.js';
import type { AnswerInput, Client } from '../../sdk/index.js';
import { notify } from '../frame/notices.js';
import { generation, onceLive, onEvents } from './live.js';
import { messageOf, session } from './session.js';

/** A question with its task. */
export type Question = QuestionViewFragment;

/** The questions that wait for an answer, the oldest first. */
export const openQuestions = signal<readonly Question[]>([]);

/** As many as one request may name. The rest follows when these are answered. */
const MOST = 50;

/** Reads the open questions, and again after each event that concerns one. Returns the end of it. */
export function startQuestions(client: Client): () => void {
  const read = () =>
    client.request(OpenQuestionsDocument, { first: MOST }).then(
      ({ questions }) => {
        openQuestions.value = questions.nodes;
      },
      () => undefined,
    );
  const stopEvents = onEvents((events) => {
    if (events.some(({ type }) => type.startsWith('question.'))) void read();
  });
  // Called at once as well.
  const stopGenerations = generation.subscribe(() => void read());
  const stopRetries = onceLive(() => void read());
  return () => {
    stopEvents();
    stopRetries();
    stopGenerations();
    openQuestions.value = [];
  };
}

/**
 * Answers a question. It leaves the list at once, and comes back with the reason if the server refuses.
 *
 * @returns whether the answer was accepted.
 */
export async function answerQuestion(id: string, answer: AnswerInput): Promise<boolean> {
  const before = openQuestions.value;
  openQuestions.value = before.filter((question) => question.id !== id);
  try {
    await session.value?.client.answerQuestion({ id, answer });
    return true;
  } catch (error) {
    openQuestions.value = before;
    notify(messageOf(error), 'bad');
    return false;
  }
}
