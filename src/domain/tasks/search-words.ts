/** The words of a search. A task must have each of them, in any order and in any of its texts. */
export function searchWords(text: string): readonly string[] {
  return [...new Set(text.split(/\s+/).filter((word) => word !== ''))];
}

/** The number of the task whose ref is the whole text of a search; null if it is none. */
export function searchedNumber(text: string): bigint | null {
  const digits = /^\s*TASK-([1-9]\d{0,17})\s*$/i.exec(text)?.[1];
  return digits === undefined ? null : BigInt(digits);
}
