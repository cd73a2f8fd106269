/** How important a piece of text is to a reader. */
export type Style = 'strong' | 'quiet' | 'good' | 'bad' | 'warning';

/** What a view depends on. */
export interface Look {
  /** The time of day, in milliseconds since the Unix epoch. */
  readonly nowMs: number;
  /** Paints a text, or returns it as it is where there are no colours. */
  paint(style: Style, text: string): string;
}

/** Rows with a title for each column. The last column gets the width that is left. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** An answer for people. */
export interface View {
  /** Lines and tables, in order. */
  readonly parts: readonly (string | Table)[];
  /** What to do next, in one line; not part of the answer. */
  readonly hint?: string;
}

/** A view of one or more lines. Empty lines are left out. */
export function lines(...texts: readonly (string | null | undefined | false)[]): View {
  return { parts: texts.filter((text) => typeof text === 'string' && text !== '').map(String) };
}

/** The line of something that was done. */
export function done(look: Look, text: string): string {
  return `${look.paint('good', '✓')} ${text}`;
}

/**
 * The text without what a terminal would execute. Titles and comments come from other people and agents, and an escape
 * sequence in them could rewrite the screen. Line breaks and tabs become spaces.
 */
export function oneLine(text: string): string {
  return manyLines(text)
    .replace(/[\n\t]+/g, ' ')
    .trim();
}

/** The same for a text of several lines, whose line breaks and tabs stay. */
export function manyLines(text: string): string {
  return text.replace(UNPRINTABLE, '');
}

// Control characters except line break and tab, and the characters that turn the direction of a text.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed.
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
