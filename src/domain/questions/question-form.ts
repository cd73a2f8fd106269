import { readLabelled, undecorate } from '../labelled-lines.js';
import { LIMITS } from '../limits.js';
import { type MarkdownLine, readMarkdown } from '../markdown-lines.js';
import { toStorable } from '../stored-text.js';
import { cutText } from '../text-room.js';
import type { QuestionInput } from './question.js';
import type { QuestionOption } from './question-types.js';

/** The words that begin a question in the answer of a gateway, each followed by a hyphen and the code of the attempt. */
export const QUESTION_LABEL = 'QUESTION';
export const CONFIRM_LABEL = 'CONFIRM';

/** The word that begins a choice. */
export const OPTION_LABEL = 'OPTION';

const CODE_LENGTH = 6;

/**
 * The code by which the attempt of this run marks a question. It comes from the random part of the run's id, which is created
 * with the prompt: no text that is older than the prompt can have it, so nothing that an agent quotes becomes a question.
 */
export function questionCodeOf(runId: string): string {
  return runId.slice(-CODE_LENGTH).toUpperCase();
}

/**
 * Parses the question in the answer of a gateway: it begins with the first line that begins with the label and the code, in any
 * Markdown and letter case, and goes on to the end. Null if there is none. Lines in block quotes and code blocks do not count.
 *
 * Two or more lines such as `OPTION a: meaning` make it a CHOICE. Accepts any text, and what it returns can be asked.
 */
export function parseQuestionForm(answer: string, code: string): QuestionInput | null {
  const lines = readMarkdown(toStorable(answer));
  for (const [at, line] of lines.entries()) {
    if (line.isCode) continue;
    const asked = readLabelled(line.text, `${QUESTION_LABEL}-${code}`);
    const confirm = asked === null ? readLabelled(line.text, `${CONFIRM_LABEL}-${code}`) : null;
    const first = asked ?? confirm;
    if (first !== null)
      return toQuestion(first, lines.slice(at + 1), join(lines.slice(0, at)), confirm !== null);
  }
  return null;
}

function toQuestion(
  first: string,
  rest: readonly MarkdownLine[],
  above: string,
  isConfirm: boolean,
): QuestionInput | null {
  const options = isConfirm ? [] : rest.flatMap((line) => readOption(line) ?? []);
  const isChoice = isAskable(options);
  const others = isChoice ? rest.filter((line) => readOption(line) === null) : rest;
  // A model may put the whole question above the line.
  const text = withoutEmphasis(first, join(others)) || above;
  if (text === '') return null;
  return {
    text: cutText(text, LIMITS.questionLength),
    kind: isConfirm ? 'CONFIRM' : isChoice ? 'CHOICE' : 'TEXT',
    ...(isChoice ? { options } : {}),
  };
}

/** The end of `**QUESTION-…:** text` is left over from the emphasis of the label. */
function withoutEmphasis(first: string, rest: string): string {
  return `${first.replace(/^[*_~`]+/u, '')}\n${rest}`.trim();
}

function readOption({ text, isCode }: MarkdownLine): QuestionOption | null {
  if (isCode) return null;
  const [, key = '', label = ''] =
    /^OPTION\s+([^\s:：]{1,100})\s*[:：](.*)$/iu.exec(undecorate(text).trim()) ?? [];
  const shown = cutText(label.replace(/^[*_~`\s]+/u, '').trim(), LIMITS.optionLabelLength);
  return key === '' ? null : { key, label: shown || key };
}

/** Other lists of options stay a part of the text. */
function isAskable(options: readonly QuestionOption[]): boolean {
  const keys = new Set(options.map(({ key }) => key));
  return options.length >= 2 && options.length <= LIMITS.questionOptions && keys.size === options.length;
}

function join(lines: readonly MarkdownLine[]): string {
  return lines
    .map(({ text }) => text)
    .join('\n')
    .trim();
}
