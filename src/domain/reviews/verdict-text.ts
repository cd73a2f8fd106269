import { HEAD, readLabelled, undecorate } from '../labelled-lines.js';
import { type MarkdownLine, readMarkdown } from '../markdown-lines.js';
import type { Verdict } from './verdict.js';

/** A verdict from a reviewer's answer. A rejection always has a reason. */
export type ReadVerdict =
  | { readonly verdict: Extract<Verdict, 'APPROVED'>; readonly feedback: string | null }
  | { readonly verdict: Extract<Verdict, 'REJECTED'>; readonly feedback: string };

/**
 * Parses the verdict of a reviewer's answer: the last line that begins with `VERDICT:`, in any Markdown and letter
 * case. Null if there is no such line, if it says neither APPROVED nor REJECTED, and for a rejection without a reason.
 * Accepts any text.
 *
 * - A line in a block quote or a code block is ignored, because there a reviewer quotes the worker.
 * - The word may be followed by punctuation only, or by a separator and a text: "VERDICT: REJECTED - no tests", but
 *   not "VERDICT: APPROVED if it had tests". If the last such line is not valid, an earlier valid line does not count.
 * - The feedback is all text after the verdict, without a leading `NOTES:`. If there is none, it is the `NOTES:` part
 *   before the verdict. If there is none and the verdict is a rejection, it is all text before the verdict.
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

type Label = 'VERDICT' | 'NOTES';

/** The word of a verdict and the text after it. Null for any other text. */
function readWord(said: string): { readonly verdict: Verdict; readonly rest: string } | null {
  const text = undecorate(said.slice(0, HEAD)) + said.slice(HEAD);
  const [word] = /^(?:APPROVED|REJECTED)(?![\p{L}\p{N}])/iu.exec(text) ?? [];
  if (word === undefined) return null;
  const verdict = word.toUpperCase() === 'APPROVED' ? 'APPROVED' : 'REJECTED';
  const after = text.slice(word.length).replace(/^[*_~`\s]+/u, '');
  if (!/[\p{L}\p{N}]/u.test(after)) return /[/|]/.test(after) ? null : { verdict, rest: '' };
  // A bare hyphen joins words: "APPROVED-WITH-CHANGES" is another word.
  const [separator] = /^(?:[–—:;,.!(]|-(?=\s))+/u.exec(after) ?? [];
  if (separator === undefined) return null;
  const rest = after.slice(separator.length).trim();
  // "APPROVED, REJECTED" repeats the choice without making one.
  return /^(?:or\s)?\W*(?:VERDICT\W*)?(?:APPROVED|REJECTED)\b/iu.test(rest) ? null : { verdict, rest };
}

/** The index of the last line outside code blocks that begins with the label, or -1. */
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

/** Removes a leading `NOTES:`. */
function dropLabel(text: string): string {
  const [first = '', ...rest] = text.split('\n');
  const said = readLabelled(first, 'NOTES');
  return said === null ? text : [said.replace(/^[*_~`]+/u, ''), ...rest].join('\n').trim();
}
