/** A fenced block of a Markdown page. */
export interface Block {
  /** The text after the opening fence: the language, and optionally a word for the tests. */
  readonly info: string;
  readonly text: string;
  /** The line number of the opening fence, starting at 1. */
  readonly line: number;
}

/** The fenced blocks of a page, in order. @throws Error for a fence that is never closed. */
export function parseBlocks(page: string): Block[] {
  const blocks: Block[] = [];
  let open: { info: string; lines: string[]; line: number } | null = null;
  for (const [index, text] of page.split('\n').entries()) {
    const fence = /^```(.*)$/.exec(text);
    if (fence === null) open?.lines.push(text);
    else if (open === null) open = { info: fence[1]?.trim() ?? '', lines: [], line: index + 1 };
    else {
      blocks.push({ info: open.info, text: `${open.lines.join('\n')}\n`, line: open.line });
      open = null;
    }
  }
  if (open !== null) throw new Error(`the block that begins on line ${open.line} is never closed`);
  return blocks;
}
