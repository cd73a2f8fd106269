/**
 * Adds up the lengths of all texts in a value, with the names of members, in UTF-16 units. Stops above `most`, so that a
 * value that is too large costs no more than one that is just small enough. Other values count as 8.
 */
export function measureText(value: unknown, most: number): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  let size = 0;
  if (Array.isArray(value)) {
    for (const each of value) {
      size += measureText(each, most - size);
      if (size > most) break;
    }
    return size;
  }
  const members = value as Readonly<Record<string, unknown>>;
  // Rows and results have no inherited members. Object.entries took three times as long.
  for (const name in members) {
    size += name.length + measureText(members[name], most - size);
    if (size > most) break;
  }
  return size;
}
