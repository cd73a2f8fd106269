import { StringDecoder } from 'node:string_decoder';

/** What a program has said, as far as it is kept. */
export interface ProgramOutput {
  /** Takes a part of what the program has written. */
  add(chunk: Buffer): void;
  /** The text without the lines about progress. The middle is left out if it is longer than a result may be. */
  end(): string;
}

/** A result has at most 100,000 characters. The beginning says what was done, and the end how it went. */
const HEAD = 70_000;
const TAIL = 25_000;
/** A line without an end is taken as text after this many characters, so that memory is bounded. */
const LONGEST_LINE = 65_536;

/** A line such as `::progress 40 Reading the logs`; the number is the share in percent and may be left out. */
const MARKER = /^::progress(?:\s+(\d+(?:\.\d+)?)%?)?(?:\s+(.*\S))?\s*$/;

/** Reads the standard output of a program: lines about progress go to `onProgress`, the rest is the result. */
export function readOutput(
  onProgress: (message: string, percent: number | undefined) => void,
): ProgramOutput {
  const decoder = new StringDecoder('utf8');
  let [head, tail, line] = ['', '', ''];
  let length = 0;
  let isInsideLine = false;

  const keep = (text: string) => {
    length += text.length;
    const room = HEAD - head.length;
    head += text.slice(0, Math.max(0, room));
    tail += text.slice(Math.max(0, room));
    if (tail.length > 4 * TAIL) tail = tail.slice(-TAIL);
  };
  const endLine = (ending: string) => {
    const marked = isInsideLine ? null : MARKER.exec(line);
    if (marked === null) keep(line + ending);
    else
      onProgress(
        marked[2] ?? `${marked[1] ?? 0}%`,
        marked[1] === undefined ? undefined : percentOf(marked[1]),
      );
    [line, isInsideLine] = ['', false];
  };
  const addText = (text: string) => {
    const [first = '', ...others] = text.split('\n');
    line += first;
    for (const other of others) {
      endLine('\n');
      line = other;
    }
    if (line.length <= LONGEST_LINE) return;
    keep(line);
    [line, isInsideLine] = ['', true];
  };
  return {
    add: (chunk) => addText(storable(decoder.write(chunk))),
    end() {
      addText(decoder.end());
      if (line !== '') endLine('');
      const left = length - head.length - Math.min(tail.length, TAIL);
      const note = left > 0 ? `\n… ${left} characters left out …\n` : '';
      return `${head}${note}${tail.slice(-TAIL)}`.trim();
    },
  };
}

/** A text cannot hold U+0000 in the database. Programs write it with binary output. */
export function storable(text: string): string {
  return text.replaceAll('\u0000', '\ufffd');
}

function percentOf(digits: string): number {
  return Math.min(100, Number(digits));
}
