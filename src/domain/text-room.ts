/**
 * Shares the room between texts of these lengths: short texts fit whole, and long ones get equal parts of the
 * remainder.
 */
export function shareRoom(lengths: readonly number[], room: number): number[] {
  const shares = lengths.map(() => 0);
  let left = room;
  const byLength = lengths.map((length, index) => ({ length, index })).sort((a, b) => a.length - b.length);
  for (const [place, { length, index }] of byLength.entries()) {
    const share = Math.min(length, Math.floor(left / (lengths.length - place)));
    shares[index] = share;
    left -= share;
  }
  return shares;
}

/** Truncates the text to at most `length` UTF-16 units without splitting a surrogate pair. */
export function cutText(text: string, length: number): string {
  if (text.length <= length) return text;
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}

/** The last `length` UTF-16 units of the text, or one less so that no surrogate pair is split. */
export function cutStart(text: string, length: number): string {
  if (text.length <= length) return text;
  const start = text.length - length;
  const first = text.charCodeAt(start);
  return text.slice(first >= 0xdc00 && first <= 0xdfff ? start + 1 : start);
}
