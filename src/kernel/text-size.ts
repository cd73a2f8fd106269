/** What a number, a date or null counts for, and each member of an object in addition to its name and its value. */
const OVERHEAD = 8;

/** The length of a text in JSON, without its quotes. A control character takes six characters. */
export function lengthInJson(text: string): number {
  return ESCAPED.test(text) ? JSON.stringify(text).length - 2 : text.length;
}

/** What JSON escapes. Lone surrogates are escaped too, but are neither stored nor accepted. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that are looked for
const ESCAPED = /["\\\u0000-\u001f]/;

/**
 * Adds up the lengths of the texts in an object or a list, and of the names of members, in UTF-16 units. Stops above `most`,
 * so that a value that is too large costs no more than one that is just small enough.
 * @param lengthOf - what a text counts for.
 */
export function measureText(value: object, most: number, lengthOf = lengthAsItIs): number {
  let size = 0;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length && size <= most; index += 1)
      size += measureMember(value[index], most - size, lengthOf);
    return size;
  }
  const members = value as Readonly<Record<string, unknown>>;
  // Rows and results have no inherited members. Object.values took twice as long.
  for (const name in members) {
    size += OVERHEAD + name.length + measureMember(members[name], most - size, lengthOf);
    if (size > most) break;
  }
  return size;
}

const lengthAsItIs = (text: string) => text.length;

function measureMember(value: unknown, most: number, lengthOf: (text: string) => number): number {
  if (typeof value === 'string') return lengthOf(value);
  return typeof value === 'object' && value !== null ? measureText(value, most, lengthOf) : OVERHEAD;
}
