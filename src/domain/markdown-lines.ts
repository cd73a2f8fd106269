/** A line of a Markdown text. */
export interface MarkdownLine {
  readonly text: string;
  /** It stands in a code block, so it shows something and says nothing of its own. */
  readonly isCode: boolean;
}

/** The lines of a text, whatever ends them. */
export function splitLines(text: string): string[] {
  return text.split(/\r\n|[\n\r\v\f\u0085\u2028\u2029]/u);
}

/**
 * The lines of a Markdown text, with those marked that stand in a code block: between fences, from a fence that nothing
 * closes to the end, or indented by a tab or four spaces. A text that is one fenced block from its first line to its last
 * is read as if that fence were not there: some models wrap all they say.
 */
export function readMarkdown(text: string): MarkdownLine[] {
  const lines = splitLines(text);
  const first = lines.findIndex(isFilled);
  const last = lines.findLastIndex(isFilled);
  const outer = /^[`~]/.test(lines[first] ?? '') ? findFence(lines[first] ?? '') : null;
  const closedAt = outer === null ? -1 : lines.findIndex((line, at) => at > first && closes(line, outer));
  if (closedAt < 0 || closedAt !== last) return markCode(lines);
  return markCode(lines.slice(first + 1, last));
}

/** The text between fences that nothing in it can close, because they are longer than any run of backticks in it. */
export function fenceText(text: string): string {
  let longest = 2;
  for (const [marks] of text.matchAll(/`+/g)) longest = Math.max(longest, marks.length);
  const marks = '`'.repeat(longest + 1);
  return `${marks}text\n${text}\n${marks}`;
}

/** What opened a code block. It is closed by at least as many of the same marks. */
interface Fence {
  readonly mark: string;
  readonly length: number;
}

function markCode(lines: readonly string[]): MarkdownLine[] {
  let open: Fence | null = null;
  return lines.map((text) => {
    const isInside: boolean = open !== null;
    if (open === null) open = findFence(text);
    else if (closes(text, open)) open = null;
    return { text, isCode: isInside || open !== null || /^(?: {4}| {0,3}\t)/.test(text) };
  });
}

/** Also behind the mark of a list, and however far it is indented: rather too much is code than too little. */
function findFence(line: string): Fence | null {
  const [, marks = '', info = ''] =
    /^[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(`{3,}|~{3,})(.*)$/u.exec(line) ?? [];
  const mark = marks.charAt(0);
  return marks === '' || (mark === '`' && info.includes('`')) ? null : { mark, length: marks.length };
}

function closes(line: string, { mark, length }: Fence): boolean {
  const marks = line.trim();
  return marks.length >= length && marks === mark.repeat(marks.length);
}

function isFilled(line: string): boolean {
  return line.trim() !== '';
}
