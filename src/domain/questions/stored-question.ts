import { z } from 'zod';
import type { AnswerInput } from './answer.js';
import type { QuestionOption } from './question-types.js';

const options = z.array(z.object({ key: z.string(), label: z.string(), description: z.string().optional() }));

const answer = z.object({
  text: z.string().optional(),
  choices: z.array(z.string()).optional(),
  confirmed: z.boolean().optional(),
});

/** The options of a question from their JSON column. */
export function parseOptions(stored: unknown): readonly QuestionOption[] {
  return options.parse(stored);
}

/** An answer, or a default, from its JSON column; null if there is none. */
export function parseAnswer(stored: unknown): AnswerInput | null {
  return stored === null ? null : answer.parse(stored);
}
