/** One line of a text, and whether it is new, gone or the same in comparison with an earlier text. */
export interface ChangedLine {
  readonly text: string;
  readonly change: 'same' | 'new' | 'gone';
}

/** The comparison of longer texts would hold up the page. */
const MAX_LINES = 1_500;

/** Compares two texts line by line; null if one is too long. */
export function compareLines(before: string, after: string): readonly ChangedLine[] | null {
  const old = before.split('\n');
  const recent = after.split('\n');
  if (old.length > MAX_LINES || recent.length > MAX_LINES) return null;
  return walk(old, recent, lengthsOfCommon(old, recent));
}

/** The length of the longest common sequence of the rests of both texts, for each pair of places. */
function lengthsOfCommon(old: readonly string[], recent: readonly string[]): Uint16Array {
  const width = recent.length + 1;
  const lengths = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i -= 1)
    for (let j = recent.length - 1; j >= 0; j -= 1) {
      const here = i * width + j;
      lengths[here] =
        old[i] === recent[j]
          ? (lengths[here + width + 1] ?? 0) + 1
          : Math.max(lengths[here + width] ?? 0, lengths[here + 1] ?? 0);
    }
  return lengths;
}

function walk(old: readonly string[], recent: readonly string[], lengths: Uint16Array): ChangedLine[] {
  const width = recent.length + 1;
  const lines: ChangedLine[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length && j < recent.length) {
    const isGone = (lengths[(i + 1) * width + j] ?? 0) >= (lengths[i * width + j + 1] ?? 0);
    if (old[i] === recent[j]) {
      lines.push({ text: recent[j] ?? '', change: 'same' });
      i += 1;
      j += 1;
    } else if (isGone) {
      lines.push({ text: old[i] ?? '', change: 'gone' });
      i += 1;
    } else {
      lines.push({ text: recent[j] ?? '', change: 'new' });
      j += 1;
    }
  }
  return [
    ...lines,
    ...old.slice(i).map((text) => ({ text, change: 'gone' as const })),
    ...recent.slice(j).map((text) => ({ text, change: 'new' as const })),
  ];
}
