import { type Assignment, linesOf, readAssigned, type SkillName } from './skills.js';

/** Checks a result. Returns null, or feedback that helps to correct it. */
type Check = (result: string, text: string, assignment: Assignment) => string | null | Promise<string | null>;

/** The reviewer does not repeat the work: each check uses another method than the skill. */
const checks: Record<SkillName, Check> = {
  'count-words': (result, text) => sameNumber(result, [...text.matchAll(/\S+/g)].length),
  'count-lines': (result, text) =>
    sameNumber(result, (text.match(/\n/g) ?? []).length + Number(!text.endsWith('\n'))),
  checksum: async (result, text) => (result === (await sha256(text)) ? null : 'The checksum is wrong.'),
  'list-headings': checkHeadings,
  'check-json': (result, text) =>
    result.startsWith('valid') === isJson(text) ? null : 'Parse the file: the opposite is true.',
  'sort-lines': checkOrder,
  'longest-line': (result, text) =>
    text.includes(result) && linesOf(text).every((line) => line.length <= result.length)
      ? null
      : 'There is a longer line, or this one is not in the file.',
  'sum-column': checkSum,
};

/** Checks the result of a task. Null means approved; a text means rejected, and is the feedback. */
export async function findFault(assignment: Assignment, result: string): Promise<string | null> {
  return checks[assignment.skill](result, await readAssigned(assignment), assignment);
}

function sameNumber(result: string, expected: number): string | null {
  if (!/^\d+$/.test(result)) return 'The result must be a whole number and nothing else.';
  return Number(result) === expected ? null : 'Count again: the number is not right.';
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Buffer.from(digest).toString('hex');
}

function checkHeadings(result: string, text: string): string | null {
  const prose = text.replace(/^```[\s\S]*?^```/gm, '');
  const headings = [...prose.matchAll(/^#{1,6} (.*)$/gm)].map((match) => match[1]);
  return headings.join('\n') === result
    ? null
    : 'List every heading once, in order, and none from code blocks.';
}

function isJson(text: string): boolean {
  try {
    return JSON.parse(text) !== undefined;
  } catch {
    return false;
  }
}

function checkOrder(result: string, text: string): string | null {
  const given = linesOf(result);
  const isSame = given.length === linesOf(text).length && linesOf(text).every((line) => given.includes(line));
  if (!isSame) return 'Lines are missing or were added.';
  const isOrdered = given.every((line, index) => index === 0 || precedes(given[index - 1] ?? '', line));
  return isOrdered ? null : 'People read this list: ignore capitals when sorting.';
}

function precedes(a: string, b: string): boolean {
  return a.localeCompare(b, 'en', { sensitivity: 'base' }) <= 0;
}

/** Adds whole cents, so that the sum does not depend on the rounding of fractions. */
function checkSum(result: string, text: string, { column }: Assignment): string | null {
  const [header = '', ...rows] = linesOf(text);
  const index = header.split(',').indexOf(column ?? '');
  const cents = rows.map((row) => Math.round(Number(row.split(',')[index]) * 100));
  const expected = (cents.reduce((sum, each) => sum + each, 0) / 100).toFixed(2);
  return result === expected ? null : 'Add it up again, to two decimals: the sum is not right.';
}
