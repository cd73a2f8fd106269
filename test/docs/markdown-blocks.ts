/** A fenced block of a Markdown page. */
export interface Block {
  /** What stands behind the fence: the language, and after it perhaps a word for the tests. */
  readonly info: string;
  readonly text: string;
  /** The line of the opening fence, from 1. */
  readonly line: number;
}

/** The fenced blocks of a page, in their order. @throws Error for a fence that is never closed. */
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
