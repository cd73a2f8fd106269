import { type MarkdownLine, readMarkdown, splitLines } from '../markdown-lines.js';
import type { Verdict } from './verdict.js';

/** A verdict that was read from a reviewer's answer. A rejection always says why. */
export type ReadVerdict =
  | { readonly verdict: Extract<Verdict, 'APPROVED'>; readonly feedback: string | null }
  | { readonly verdict: Extract<Verdict, 'REJECTED'>; readonly feedback: string };

/**
 * Reads the verdict from a reviewer's answer: the last line that begins with `VERDICT:`, whatever its Markdown and its
 * letter case. Null if there is none, if that line says neither APPROVED nor REJECTED, and for a rejection without a
 * reason. Takes any text.
 *
 * - A line in a block quote or a code block never decides: there a reviewer quotes the worker.
 * - Behind the word stands nothing but punctuation, or a separator and then a text: "VERDICT: REJECTED - no tests", but
 *   not "VERDICT: APPROVED if it had tests". A last line that can't be read outweighs an earlier one that can.
 * - The feedback is all that follows, every line, without a leading `NOTES:`; else the `NOTES:` part before the verdict;
 *   else, for a rejection, all that stands before the verdict.
 */
export function parseVerdict(answer: string): ReadVerdict | null {
  const lines = readMarkdown(answer);
  const at = findLabel(lines, 'VERDICT');
  const said = at < 0 ? null : readWord(readLabelled(lines[at]?.text ?? '', 'VERDICT') ?? '');
  if (said === null) return null;
  const above = lines.slice(0, at);
  const feedback = dropLabel(`${said.rest}\n${join(lines.slice(at + 1))}`.trim()) || findNotes(above);
  if (said.verdict === 'APPROVED') return { verdict: 'APPROVED', feedback: feedback || null };
  const reason = feedback || join(above);
  return reason === '' ? null : { verdict: 'REJECTED', feedback: reason };
}

/**
 * The text with every line marked that begins with `VERDICT:`, as the words of its author: a reviewer who copies it line
 * for line, in a quotation or not, decides nothing by that.
 */
export function markVerdictLines(text: string, author: string): string {
  return splitLines(text)
    .map((line) => (readLabelled(line, 'VERDICT') === null ? line : `(${author}) ${line}`))
    .join('\n');
}

type Label = 'VERDICT' | 'NOTES';

/** So far into a line a label may begin: decoration is short, and patterns must not meet a line of megabytes. */
const HEAD = 200;

/** Marks of headings, lists, emphasis and code, signs such as ✅, and what can't be seen. No quotation marks, no `>`. */
const DECORATION = /^(?:[\s#*_~`+•–—-]|\p{Extended_Pictographic}|\p{Cf}|\p{Mn}|\d{1,9}[.)])+/u;

/** What follows the label and its colon; null if the line does not begin with the label. */
function readLabelled(line: string, label: Label): string | null {
  const head = undecorate(line.slice(0, HEAD));
  const [found] = new RegExp(`^${label}[\\s*_~\`]*[:：]`, 'iu').exec(head) ?? [];
  return found === undefined ? null : line.slice(Math.min(line.length, HEAD) - head.length + found.length);
}

function undecorate(text: string): string {
  return text.replace(DECORATION, '');
}

/** The word of a verdict and what stands behind it; null for any other text. */
function readWord(said: string): { readonly verdict: Verdict; readonly rest: string } | null {
  const text = undecorate(said.slice(0, HEAD)) + said.slice(HEAD);
  const [word] = /^(?:APPROVED|REJECTED)(?![\p{L}\p{N}])/iu.exec(text) ?? [];
  if (word === undefined) return null;
  const verdict = word.toUpperCase() === 'APPROVED' ? 'APPROVED' : 'REJECTED';
  const behind = text.slice(word.length).replace(/^[*_~`\s]+/u, '');
  if (!/[\p{L}\p{N}]/u.test(behind)) return /[/|]/.test(behind) ? null : { verdict, rest: '' };
  // A bare hyphen joins words: "APPROVED-WITH-CHANGES" is another word.
  const [separator] = /^(?:[–—:;,.!(]|-(?=\s))+/u.exec(behind) ?? [];
  if (separator === undefined) return null;
  const rest = behind.slice(separator.length).trim();
  // "APPROVED, REJECTED" repeats the choice and makes none.
  return /^(?:or\s)?\W*(?:VERDICT\W*)?(?:APPROVED|REJECTED)\b/iu.test(rest) ? null : { verdict, rest };
}

/** The last line of prose that begins with the label; -1 if there is none. */
function findLabel(lines: readonly MarkdownLine[], label: Label): number {
  return lines.findLastIndex(({ isCode, text }) => !isCode && readLabelled(text, label) !== null);
}

/** The last `NOTES:` part, to its end. */
function findNotes(lines: readonly MarkdownLine[]): string {
  const at = findLabel(lines, 'NOTES');
  return at < 0 ? '' : dropLabel(join(lines.slice(at)));
}

function join(lines: readonly MarkdownLine[]): string {
  return lines
    .map(({ text }) => text)
    .join('\n')
    .trim();
}

/** A text without the `NOTES:` it may begin with. */
function dropLabel(text: string): string {
  const [first = '', ...rest] = text.split('\n');
  const said = readLabelled(first, 'NOTES');
  return said === null ? text : [said.replace(/^[*_~`]+/u, ''), ...rest].join('\n').trim();
}
