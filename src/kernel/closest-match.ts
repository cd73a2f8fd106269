/**
 * Finds the candidate closest to a misspelt word, for "did you mean …?". Ignores letter case.
 * @param mostChanges - the maximum number of letters that may differ: by default a third of the word's letters, but at
 * least two.
 * @returns the first of the closest candidates, or undefined if none is close enough.
 */
export function findClosest(
  word: string,
  candidates: Iterable<string>,
  mostChanges = Math.max(2, Math.floor(word.length / 3)),
): string | undefined {
  let closest: string | undefined;
  let limit = mostChanges;
  for (const candidate of candidates) {
    // The difference in length is a lower bound. It saves the quadratic cost for a hostile long word.
    if (Math.abs(candidate.length - word.length) > limit) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance > limit || (distance === limit && closest !== undefined)) continue;
    closest = candidate;
    limit = distance;
  }
  return closest;
}

/** Levenshtein distance: the number of letters to insert, delete or replace. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = at(previous, column - 1) + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, at(previous, column) + 1, at(current, column - 1) + 1));
    }
    previous = current;
  }
  return at(previous, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
