import { readMarkdown } from '../markdown-lines.js';

/** The maximum number of names that are looked up for one comment. */
const MAX_MENTIONS = 20;

/** A name after an @ that is not part of a word, an address or inline code. */
const MENTION = /(?<![\p{L}\p{N}_@`./-])@([a-zA-Z0-9][a-zA-Z0-9._-]{0,62})/gu;

/**
 * The names that a comment mentions as @name, outside code blocks. A name may end with a dot or a dash that belongs to the
 * sentence, so both forms are returned.
 */
export function findMentions(body: string): readonly string[] {
  const names = readMarkdown(body)
    .filter(({ isCode }) => !isCode)
    .flatMap(({ text }) => [...text.matchAll(MENTION)].flatMap(([, name = '']) => [name, trimmed(name)]));
  return [...new Set(names)].slice(0, 2 * MAX_MENTIONS);
}

function trimmed(name: string): string {
  return name.replace(/[._-]+$/, '');
}
