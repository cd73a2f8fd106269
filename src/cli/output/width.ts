// Emoji, and the blocks whose characters take two columns of a terminal.
const WIDE =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]/u;
const INVISIBLE = /^(?:\p{Mn}|\p{Me}|\p{Cf})$/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with an escape character.
const COLOUR = /\u001b\[[\d;]*m/g;

/** The text without colours. */
export function withoutColours(text: string): string {
  return text.replace(COLOUR, '');
}

/** How many columns of a terminal a text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of withoutColours(text)) width += columnsOf(character);
  return width;
}

function columnsOf(character: string): number {
  if (INVISIBLE.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** The text in at most `columns` columns, with `…` at its end if it was cut. Colours are dropped when it is cut. */
export function cutEnd(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let [cut, width] = ['', 0];
  for (const character of withoutColours(text)) {
    width += columnsOf(character);
    if (width > columns - 1) break;
    cut += character;
  }
  return columns < 1 ? '' : `${cut.trimEnd()}…`;
}

/** The same for an id, whose ends tell it from others: `…` is in its middle. */
export function cutMiddle(text: string, columns: number): string {
  if (text.length <= columns) return text;
  const head = Math.ceil((columns - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (columns - 1 - head))}`;
}
