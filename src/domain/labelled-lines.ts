/** The part of a line in which a label is searched. Decoration is short, and patterns must not run on megabytes. */
export const HEAD = 200;

/**
 * Marks of headings, lists, emphasis and code, emoji such as ✅, and invisible characters. Not quotation marks and `>`.
 */
const DECORATION = /^(?:[\s#*_~`+•–—-]|\p{Extended_Pictographic}|\p{Cf}|\p{Mn}|\d{1,9}[.)])+/u;

/**
 * The text after the label and its colon, in any Markdown and letter case. Null if the line does not begin with the label.
 *
 * @param label - letters, digits and hyphens.
 */
export function readLabelled(line: string, label: string): string | null {
  const head = undecorate(line.slice(0, HEAD));
  const [found] = new RegExp(`^${label}[\\s*_~\`]*[:：]`, 'iu').exec(head) ?? [];
  return found === undefined ? null : line.slice(Math.min(line.length, HEAD) - head.length + found.length);
}

/** The text without the Markdown at its beginning. */
export function undecorate(text: string): string {
  return text.replace(DECORATION, '');
}
