import { z } from 'zod';
import { LIMITS } from '../limits.js';
import { toStorable } from '../stored-text.js';
import { cutText } from '../text-room.js';
import type { QuestionInput } from './question.js';

const question = z.object({
  text: z.string(),
  kind: z.enum(['TEXT', 'CHOICE', 'CONFIRM']).optional(),
  options: z
    .array(z.object({ key: z.string(), label: z.string(), description: z.string().optional() }))
    .optional(),
  multiple: z.boolean().optional(),
  default: z
    .object({
      text: z.string().optional(),
      choices: z.array(z.string()).optional(),
      confirmed: z.boolean().optional(),
    })
    .optional(),
  deadlineSeconds: z.number().optional(),
  onDeadline: z.enum(['ESCALATE', 'USE_DEFAULT', 'FAIL']).optional(),
});

/**
 * Reads the question of a program from its output: a JSON object with `text` and the fields of `AskQuestionInput`, or plain
 * text. The caller checks it.
 */
export function readProgramQuestion(output: string): QuestionInput {
  const text = toStorable(output).trim();
  const { data } = question.safeParse(parseJson(text));
  if (data === undefined) return { text: cutText(text, LIMITS.questionLength) };
  const { deadlineSeconds, ...fields } = data;
  return deadlineSeconds === undefined
    ? fields
    : { ...fields, deadline: Math.round(deadlineSeconds * 1_000) };
}

function parseJson(text: string): unknown {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
