/** Half of a surrogate pair: JavaScript can hold one, UTF-8 and therefore PostgreSQL can't. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** What keeps the text from being stored as it is, as the end of a sentence about it; null if nothing does. */
export function findTextMistake(text: string): string | null {
  if (text.includes('\u0000')) return 'may not contain the character U+0000';
  if (LONE_SURROGATE.test(text)) return 'may not contain half of a surrogate pair';
  return null;
}

/** The same for a JSON value, its keys and texts included. Looks no deeper than `maxDepth`, so deep input costs nothing. */
export function findJsonMistake(value: unknown, maxDepth: number): string | null {
  function look(part: unknown, depth: number): string | null {
    if (typeof part === 'string') return findTextMistake(part);
    if (typeof part !== 'object' || part === null) return null;
    if (depth > maxDepth) return `may be ${maxDepth} levels deep at most`;
    for (const [key, inner] of Object.entries(part)) {
      const mistake = findTextMistake(key) ?? look(inner, depth + 1);
      if (mistake !== null) return mistake;
    }
    return null;
  }
  return look(value, 1);
}

/** The text with a replacement character for whatever can't be stored: for what comes from outside and is not refused. */
export function toStorable(text: string): string {
  return text.replaceAll('\u0000', '\uFFFD').replace(/\p{Surrogate}/gu, '\uFFFD');
}

/**
 * The text in a form that can be stored, for texts that nobody can be asked to mend: what PostgreSQL can't hold becomes
 * U+FFFD, and what is too long is cut, which the end then says.
 */
export function toStoredText(text: string, maxLength: number): string {
  const storable = toStorable(text);
  if (storable.length <= maxLength) return storable;
  const note = `\n\n[cut: it had ${storable.length} characters]`;
  return toStorable(storable.slice(0, maxLength - note.length)) + note;
}
