import type { ZodError } from 'zod';
import { isRecord } from '../../verbs/coerce.js';
import type { Verb } from '../../verbs/verb.js';
import { closestOf, didYouMean } from '../suggestions.js';
import { optionName } from './options.js';

type Issue = ZodError['issues'][number];

/** What is wrong in the input of a verb, with the names that a command line has. */
export function describeMistakes(verb: Verb, { issues }: ZodError, raw: unknown): string {
  const problems = issues.map((issue) => describe(verb, issue, raw));
  return `${problems.join('; ')}\nSee: mc ${verb.name} --help`;
}

function describe(verb: Verb, issue: Issue, raw: unknown): string {
  if (issue.code === 'unrecognized_keys') return unknownFields(verb, issue.keys);
  const [field = '', ...rest] = issue.path.map(String);
  const name = verb.places?.includes(field) ? `<${field}>` : `--${optionName(field)}`;
  const given = valueAt(raw, issue.path);
  if (issue.code === 'invalid_value' && typeof given === 'string')
    return wrongWord([name, ...rest.filter((part) => !/^\d+$/.test(part))].join('.'), given, issue.values);
  const shape = verb.input.shape[field];
  const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('undefined');
  const what = isMissing ? 'is missing' : whatIsWrong(issue);
  return `${[name, ...rest].join('.')} ${what}${isMissing && shape?.description ? `. ${shape.description}` : ''}`;
}

/** The limits and kinds of values, in the words of the help. */
function whatIsWrong(issue: Issue): string {
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

function unknownFields(verb: Verb, keys: readonly string[]): string {
  const meant = didYouMean(keys.map((key) => closestOf(key, Object.keys(verb.input.shape))));
  return `${keys.join(', ')}: there is no such field.${meant}`;
}

/** Values are written in lower case, as in the help. */
function wrongWord(name: string, given: string, values: readonly unknown[]): string {
  const words = values.map((value) => String(value).toLowerCase());
  const word = given.toLowerCase();
  const meant = didYouMean([
    words.find((one) => withoutDashes(one) === withoutDashes(word)) ?? closestOf(word, words),
  ]);
  return `${name}: "${word}" is not one of ${words.join(', ')}.${meant}`;
}

function withoutDashes(word: string): string {
  return word.replace(/[-_ ]/g, '');
}

function valueAt(raw: unknown, path: Issue['path']): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      Array.isArray(value) ? value[Number(key)] : isRecord(value) ? value[String(key)] : undefined,
    raw,
  );
}
