/** A line of a Markdown text. */
export interface MarkdownLine {
  readonly text: string;
  /** Whether it is in a code block. Such a line is a quotation and not a statement of the author. */
  readonly isCode: boolean;
}

/** Splits a text into lines at every kind of line break. */
export function splitLines(text: string): string[] {
  return text.split(/\r\n|[\n\r\v\f\u0085\u2028\u2029]/u);
}

/**
 * Splits a Markdown text into lines and marks those in code blocks: between fences, after an unclosed fence, or
 * indented by a tab or four spaces. If one fenced block contains the whole text, its fences are ignored, because some
 * models wrap their whole answer in one.
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

/**
 * Puts the text between fences. They are longer than any run of backticks in the text, so the text can't close them.
 */
export function fenceText(text: string): string {
  let longest = 2;
  for (const [marks] of text.matchAll(/`+/g)) longest = Math.max(longest, marks.length);
  const marks = '`'.repeat(longest + 1);
  return `${marks}text\n${text}\n${marks}`;
}

/** The opening fence of a code block. At least as many of the same marks close the block. */
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

/** Finds a fence at any indentation and after a list mark. A line wrongly taken for code is safer than the reverse. */
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
