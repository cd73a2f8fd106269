import { findClosest } from '../../kernel/closest-match.js';
import { Refusal, Refusals } from '../refusals.js';

/** `{{name}}`, with letters, digits, `_`, `-` and `.` in the name. Other text in double braces is ordinary text. */
const PLACEHOLDER = /\{\{\s*([a-zA-Z_][a-zA-Z0-9_.-]{0,62})\s*\}\}/g;

/** The names of the placeholders in the texts, each once, in the order of their first occurrence. */
export function listPlaceholders(texts: Iterable<string>): string[] {
  const names = new Set<string>();
  for (const text of texts) for (const [, name] of text.matchAll(PLACEHOLDER)) if (name) names.add(name);
  return [...names];
}

/** Replaces every placeholder by its value. Placeholders inside the inserted values are not replaced. */
export function fillPlaceholders(text: string, values: ReadonlyMap<string, string>): string {
  return text.replaceAll(PLACEHOLDER, (placeholder, name: string) => values.get(name) ?? placeholder);
}

/** The length of the text with every placeholder replaced, without replacing them: the result may be too long to build. */
export function measureFilled(text: string, values: ReadonlyMap<string, string>): number {
  let length = text.length;
  for (const [placeholder, name = ''] of text.matchAll(PLACEHOLDER))
    length += (values.get(name)?.length ?? placeholder.length) - placeholder.length;
  return length;
}

/**
 * Checks the values for placeholders and converts them into texts. Numbers and booleans are written as in JSON.
 * @param names - the names of all placeholders.
 * @throws {Refusals} INVALID for placeholders without a variable, variables without a placeholder, and values of other
 * types, all at once.
 */
export function parseVariables(
  variables: Readonly<Record<string, unknown>>,
  names: readonly string[],
): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  const mistakes: Refusal[] = [];
  for (const [name, value] of Object.entries(variables)) {
    if (!names.includes(name)) mistakes.push(unknownVariable(name, names));
    else if (typeof value === 'string') values.set(name, value);
    else if (typeof value === 'number' || typeof value === 'boolean') values.set(name, String(value));
    else mistakes.push(new Refusal('INVALID', `${name} must be a text, a number, true or false.`, at(name)));
  }
  const missing = names.filter((name) => !Object.hasOwn(variables, name));
  if (missing.length > 0) {
    mistakes.unshift(new Refusal('INVALID', `Variables are missing: ${missing.join(', ')}.`, ['variables']));
  }
  if (mistakes.length > 0) throw new Refusals(mistakes.slice(0, 20));
  return values;
}

function unknownVariable(name: string, names: readonly string[]): Refusal {
  const shown = name.slice(0, 63);
  const closest = findClosest(shown, names);
  const hint = closest === undefined ? '' : ` Did you mean ${closest}?`;
  return new Refusal('INVALID', `The pipeline has no placeholder {{${shown}}}.${hint}`, at(shown));
}

function at(name: string): string[] {
  return ['variables', name];
}
