import { signal } from '@preact/signals';
import type { QuestionFieldsFragment } from '../../generated/dashboard/attention.js';
import type { AnswerInput } from '../../sdk/index.js';
import { act } from './act.js';

/** A question of an agent. */
export type Question = QuestionFieldsFragment;

/** The questions whose answer is on its way or was accepted. */
const answered = signal<ReadonlySet<string>>(new Set());

/** Whether the question was answered on this page. It is not shown any more, also while a list still has it. */
export function isAnswered(id: string): boolean {
  return answered.value.has(id);
}

/** Answers a question. It vanishes at once, and comes back with the reason if the server refuses. */
export async function answerQuestion(id: string, answer: AnswerInput): Promise<void> {
  answered.value = new Set([...answered.value, id]);
  if (await act((client) => client.answerQuestion({ id, answer }))) return;
  answered.value = new Set([...answered.value].filter((one) => one !== id));
}
