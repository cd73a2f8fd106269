import type { Environment } from '../../config/variables.js';
import { readTimeOfDay } from '../../kernel/clock.js';
import type { Look, Style, View } from '../../verbs/looks/look.js';
import { tableLines } from './table.js';

const codes: Readonly<Record<Style, string>> = {
  strong: '1',
  quiet: '2',
  good: '32',
  bad: '31',
  warning: '33',
};

/** What is known of a stream that is written to. */
export interface Screen {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** Whether a stream gets colours. */
export function hasColours(screen: Screen, env: Environment, isWanted: boolean): boolean {
  return isWanted && screen.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}

/** The look of a stream. */
export function lookOf(isColoured: boolean): Look {
  return {
    nowMs: readTimeOfDay(),
    paint: (style, text) => (isColoured ? `\u001b[${codes[style]}m${text}\u001b[0m` : text),
  };
}

/** The lines of a view. @param columns - the width of the terminal; without one nothing is cut. */
export function viewLines(view: View, columns: number | undefined): string[] {
  return view.parts.flatMap((part) => (typeof part === 'string' ? [part] : tableLines(part, columns)));
}

// Every control character except line breaks, tabs, and the colours of this program.
const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed.
  /\u001b(?!\[[\d;]{1,5}m)|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** A text that cannot make a terminal do anything: names and titles come from other people. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, '');
}
