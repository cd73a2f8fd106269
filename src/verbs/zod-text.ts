import type { ZodError } from 'zod';

/** One mistake in an input. */
export type Issue = ZodError['issues'][number];

/** The mistakes in an input, in one line: the field, then what is wrong with it. */
export function describeZod({ issues }: ZodError): string {
  return issues.map(describe).join('; ');
}

function describe(issue: Issue): string {
  if (issue.code === 'unrecognized_keys') return `${issue.keys.join(', ')}: there is no such field.`;
  return `${issue.path.join('.') || 'input'} ${isMissing(issue) ? 'is missing' : whatIsWrong(issue)}`;
}

/** Whether a required value was left out. */
export function isMissing({ code, message }: Issue): boolean {
  return code === 'invalid_type' && message.endsWith('undefined');
}

/** The limits and kinds of values, in the words of the help. It goes on after the name of the field. */
export function whatIsWrong(issue: Issue): string {
  if (issue.code === 'too_small') return `must ${LIMITS[issue.origin] ?? 'be'} at least ${issue.minimum}`;
  if (issue.code === 'too_big') return `must ${LIMITS[issue.origin] ?? 'be'} at most ${issue.maximum}`;
  const kind = issue.code === 'invalid_type' ? KINDS[issue.expected] : undefined;
  return kind === undefined ? readable(issue.message) : `must be ${kind}`;
}

/** What is counted of a value that has a size. */
const LIMITS: Readonly<Record<string, string>> = {
  string: 'have a length of',
  array: 'have a number of entries of',
};

const KINDS: Readonly<Record<string, string>> = {
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  record: 'name=value, or a JSON object',
  array: 'a list',
  string: 'a text',
};

function readable(message: string): string {
  return message
    .replace(/^Invalid (?:option|input): /, '')
    .replace(/"([A-Z_]+)"/g, (_all, value: string) => value.toLowerCase());
}
