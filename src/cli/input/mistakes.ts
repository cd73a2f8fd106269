import type { ZodError } from 'zod';
import { isRecord } from '../../verbs/coerce.js';
import type { Verb } from '../../verbs/verb.js';
import { type Issue, isMissing, whatIsWrong } from '../../verbs/zod-text.js';
import { closestOf, didYouMean } from '../suggestions.js';
import { optionName } from './options.js';

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
  const path = [name, ...rest].join('.');
  if (!isMissing(issue)) return `${path} ${whatIsWrong(issue)}`;
  return `${path} is missing${shape?.description ? `. ${shape.description}` : ''}`;
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
