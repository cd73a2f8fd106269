import { readLabelled } from '../labelled-lines.js';
import { splitLines } from '../markdown-lines.js';

/**
 * Marks every line that begins with `VERDICT:` with its author, also in a quotation. A reviewer that copies the text line
 * by line, quoted or not, thereby gives no verdict.
 */
export function markVerdictLines(text: string, author: string): string {
  return splitLines(text)
    .map((line) => (looksLikeVerdict(line) ? `(${author}) ${line}` : line))
    .join('\n');
}

/** Everything before the first word of a line: marks of quotations and of Markdown, HTML tags, emoji, numbers of a list. */
const BEFORE_WORDS = /^(?:<[^<>]*>|&#?\w+;|\d{1,9}[.)]|\p{Extended_Pictographic}|[^\p{L}\p{N}])+/u;

/**
 * Whether the line is a verdict, or would be one in a copy without the marks of a quotation, without invisible characters
 * or in plain letters. A reviewer may change a line in these ways when it copies it.
 */
function looksLikeVerdict(line: string): boolean {
  if (readLabelled(line, 'VERDICT') !== null) return true;
  const plain = line
    .replace(BEFORE_WORDS, '')
    .replace(/[\p{Cf}\p{Mn}]/gu, '')
    .normalize('NFKC');
  return /^VERDICT[^\p{L}\p{N}:]*:/iu.test(plain.replace(BEFORE_WORDS, ''));
}
