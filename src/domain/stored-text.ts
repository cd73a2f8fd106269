/** Half of a surrogate pair. It is possible in JavaScript but not in UTF-8, and therefore not in PostgreSQL. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Why the text can't be stored unchanged, as the end of a sentence about it. Null if it can. */
export function findTextMistake(text: string): string | null {
  if (text.includes('\u0000')) return 'may not contain the character U+0000';
  if (LONE_SURROGATE.test(text)) return 'may not contain half of a surrogate pair';
  return null;
}

/**
 * The same for a JSON value with its keys, texts and numbers: a value is stored as it was given or refused. Stops below
 * `maxDepth`, so that deep input costs little.
 */
export function findJsonMistake(value: unknown, maxDepth: number): string | null {
  function check(part: unknown, depth: number): string | null {
    if (typeof part === 'string') return findTextMistake(part);
    if (typeof part === 'number') return findNumberMistake(part);
    if (typeof part !== 'object' || part === null) return null;
    if (depth > maxDepth) return `may be ${maxDepth} levels deep at most`;
    for (const [key, inner] of Object.entries(part)) {
      const mistake = findKeyMistake(key) ?? check(inner, depth + 1);
      if (mistake !== null) return mistake;
    }
    return null;
  }
  return check(value, 1);
}

/** A larger integer may have lost digits when the request was parsed, and JSON in PostgreSQL has no -0 and no infinity. */
function findNumberMistake(number: number): string | null {
  if (!Number.isFinite(number)) return 'may not contain numbers beyond 1.8e308: send them as text';
  if (Object.is(number, -0)) return 'may not contain -0: send 0';
  return Number.isInteger(number) && !Number.isSafeInteger(number)
    ? `may not contain integers beyond ${Number.MAX_SAFE_INTEGER}, because they lose digits: send them as text`
    : null;
}

/** JavaScript uses this key for the prototype of an object, so copies of the object lose it. */
function findKeyMistake(key: string): string | null {
  return key === '__proto__' ? 'may not contain the key __proto__' : findTextMistake(key);
}

/** Replaces characters that can't be stored by U+FFFD, for texts from outside that are not refused. */
export function toStorable(text: string): string {
  return text.replaceAll('\u0000', '\uFFFD').replace(/\p{Surrogate}/gu, '\uFFFD');
}

/**
 * Makes a text storable whose author can't be asked to correct it: characters that PostgreSQL can't store become
 * U+FFFD, and a text that is too long is truncated and ends with a note.
 */
export function toStoredText(text: string, maxLength: number): string {
  const storable = toStorable(text);
  if (storable.length <= maxLength) return storable;
  const note = `\n\n[truncated: it had ${storable.length} characters]`;
  return toStorable(storable.slice(0, maxLength - note.length)) + note;
}
