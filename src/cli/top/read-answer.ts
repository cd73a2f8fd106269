import type { AnswerInput } from '../../sdk/index.js';
import type { Asked } from './state.js';

/** The answer in a typed line: a text, the keys or labels of choices, or yes or no. Null for a line that is no answer. */
export function readAnswer({ kind, options }: Asked, line: string): AnswerInput | null {
  const text = line.trim();
  if (kind === 'CONFIRM') return /^(yes|y|no|n)$/i.test(text) ? { confirmed: /^y/i.test(text) } : null;
  if (kind === 'TEXT') return text === '' ? null : { text };
  const chosen = text.split(',').map((word) => {
    const wanted = word.trim().toLowerCase();
    return options.find(({ key, label }) => [key, label].some((name) => name.toLowerCase() === wanted))?.key;
  });
  return chosen.every((key) => key !== undefined) ? { choices: chosen } : null;
}
