/** What a number, a date or null counts for, and each member of an object in addition to its name and its value. */
const OVERHEAD = 8;

/**
 * Adds up the lengths of the texts in an object or a list, and of the names of members, in UTF-16 units. Stops above `most`, so that a value that is too
 * large costs no more than one that is just small enough.
 */
export function measureText(value: object, most: number): number {
  let size = 0;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length && size <= most; index += 1)
      size += measureMember(value[index], most - size);
    return size;
  }
  const members = value as Readonly<Record<string, unknown>>;
  // Rows and results have no inherited members. Object.values took twice as long.
  for (const name in members) {
    size += OVERHEAD + name.length + measureMember(members[name], most - size);
    if (size > most) break;
  }
  return size;
}

function measureMember(value: unknown, most: number): number {
  if (typeof value === 'string') return value.length;
  return typeof value === 'object' && value !== null ? measureText(value, most) : OVERHEAD;
}
