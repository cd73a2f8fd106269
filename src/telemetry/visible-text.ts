/**
 * Characters that a terminal obeys or hides: control characters, of which those from U+0080 also begin sequences, line and
 * paragraph separators, and format characters, of which some reverse the order of the text after them.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Shows these characters as escapes, so that a text from outside can neither start a line nor change how others look. */
export function makeVisible(text: string): string {
  return text.replace(INVISIBLE, (character) => SHORT[character] ?? toEscapes(character));
}

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** An escape for each half of a surrogate pair, as in JSON: JSON with such escapes has the same value. */
function toEscapes(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
