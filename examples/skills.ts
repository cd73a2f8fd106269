import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** The work of a task, from tasks.json. It is stored in the task's metadata. */
export interface Assignment {
  readonly skill: SkillName;
  /** Path of a file in this repository. */
  readonly file: string;
  /** The column for `sum-column`. */
  readonly column?: string;
}

/** The names of the skills. */
export type SkillName = keyof typeof skills;

type Skill = (text: string, assignment: Assignment, feedback: readonly string[]) => string;

const root = new URL('..', import.meta.url);

/** What an agent can do. Each skill gets the file's text and returns the resolution. */
export const skills = {
  'count-words': (text) => String(text.split(/\s+/).filter((word) => word !== '').length),
  'count-lines': (text) => String(linesOf(text).length),
  checksum: (text) => createHash('sha256').update(text).digest('hex'),
  'list-headings': (text) => headingsOf(text).join('\n'),
  'check-json': describeJson,
  'sort-lines': (text, _assignment, feedback) => sortLines(text, feedback).join('\n'),
  'longest-line': (text) =>
    linesOf(text).reduce((longest, line) => (line.length > longest.length ? line : longest), ''),
  'sum-column': (text, { column }) => sumColumn(text, column ?? '').toFixed(2),
} satisfies Record<string, Skill>;

/** Does the work. `feedback` comes from the reviews of earlier attempts. */
export async function perform(assignment: Assignment, feedback: readonly string[]): Promise<string> {
  const skill: Skill = skills[assignment.skill];
  return skill(await readAssigned(assignment), assignment, feedback);
}

/** Reads the file of an assignment. */
export function readAssigned({ file }: Assignment): Promise<string> {
  return readFile(new URL(file, root), 'utf8');
}

/** Whether a task's metadata is an assignment of the example. */
export function isAssignment(metadata: object): metadata is Assignment {
  return 'skill' in metadata && 'file' in metadata && Object.hasOwn(skills, String(metadata.skill));
}

/** Splits a text into lines, without an empty last line. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function headingsOf(text: string): string[] {
  const headings: string[] = [];
  let isCode = false;
  for (const line of linesOf(text)) {
    if (line.startsWith('```')) isCode = !isCode;
    if (!isCode && /^#{1,6} /.test(line)) headings.push(line.replace(/^#+ /, ''));
  }
  return headings;
}

function describeJson(text: string): string {
  try {
    JSON.parse(text);
    return 'valid';
  } catch (error) {
    return `invalid: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Sorts by character codes, until feedback asks to ignore capitals. */
function sortLines(text: string, feedback: readonly string[]): string[] {
  const lines = linesOf(text);
  const ignoresCase = feedback.some((line) => /capital/i.test(line));
  return ignoresCase ? lines.sort(new Intl.Collator('en', { sensitivity: 'base' }).compare) : lines.sort();
}

function sumColumn(text: string, column: string): number {
  const [header = '', ...rows] = linesOf(text);
  const index = header.split(',').indexOf(column);
  if (index < 0) throw new Error(`there is no column "${column}"`);
  return rows.reduce((sum, row) => sum + Number(row.split(',')[index]), 0);
}
