import type { Ask } from '../../sdk/index.js';

/** A program that exits with this code asks people a question, as with the server's command gateway. */
export const ASK_EXIT_CODE = 42;

/** The question that a program has written: plain text, or a JSON object with `text` and the fields of `askQuestion`. */
export function readQuestion(output: string): Ask | string {
  const given = parseObject(output);
  if (given === null || typeof given.text !== 'string') return output;
  const { deadlineSeconds, ...fields } = given;
  const deadline = typeof deadlineSeconds === 'number' ? { deadline: `PT${deadlineSeconds}S` } : {};
  // The server checks the other fields, and its refusal is the error of the attempt. The program has ended, so the run waits.
  return { ...fields, ...deadline, text: given.text, blocking: true };
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : null;
  } catch {
    return null;
  }
}
