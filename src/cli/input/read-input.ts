import { readTimeOfDay } from '../../kernel/clock.js';
import { fromBody } from '../../verbs/body.js';
import { coerceInput, isRecord } from '../../verbs/coerce.js';
import type { InstantKind } from '../../verbs/fields.js';
import type { Verb } from '../../verbs/verb.js';
import { UsageError } from '../failures.js';
import { INSTANT_FORMS, readInstant } from './instants.js';
import { longText, textFromEditor } from './long-text.js';
import { describeMistakes } from './mistakes.js';
import { optionName } from './options.js';

/** What was written on the command line for a verb. */
export interface Written {
  /** The arguments in their places. */
  readonly places: readonly (string | undefined)[];
  /** The options by the names of their fields. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The program for long texts; undefined without a terminal. */
  readonly editor: string | undefined;
}

/** The input of a verb: from its document, then from its options, then from its places. @throws UsageError for what is wrong. */
export async function readInput(verb: Verb, written: Written): Promise<unknown> {
  const { places = [], texts = [] } = verb;
  const { body, ...options } = written.options;
  const given: Record<string, unknown> = {
    ...(typeof body === 'string' ? fromBody(verb.input, await readBody(body)) : {}),
    ...options,
  };
  for (const [index, field] of places.entries()) given[field] = written.places[index] ?? given[field];
  for (const field of texts) given[field] = await readText(verb, written, field, given[field]);
  const raw = withInstants(verb, coerceInput(verb.input, withoutUnset(given)));
  const result = verb.input.safeParse(raw);
  if (!result.success)
    throw new UsageError(describeMistakes(verb, result.error, raw), { cause: result.error });
  return raw;
}

/** The input with its times in RFC 3339. @throws UsageError for a time that cannot be read. */
function withInstants(verb: Verb, raw: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(raw).map(([field, value]) => {
      const kind = verb.input.shape[field]?.meta()?.instant;
      if (!isInstantKind(kind) || typeof value !== 'string') return [field, value];
      const instant = readInstant(value, kind, readTimeOfDay());
      if (instant !== null) return [field, instant];
      throw new UsageError(`--${optionName(field)}: "${value}" is no time. ${INSTANT_FORMS}.`);
    }),
  );
}

function isInstantKind(kind: unknown): kind is InstantKind {
  return kind === 'past' || kind === 'start' || kind === 'due';
}

async function readText(verb: Verb, written: Written, field: string, value: unknown): Promise<unknown> {
  if (typeof value === 'string') return longText(value);
  const isMissing = value === undefined && !verb.input.shape[field]?.safeParse(undefined).success;
  if (!isMissing || written.editor === undefined) return value;
  return textFromEditor(written.editor, optionName(field));
}

async function readBody(argument: string): Promise<Record<string, unknown>> {
  const text = await longText(argument);
  try {
    const parsed: unknown = JSON.parse(text);
    if (isRecord(parsed)) return parsed;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--body is no JSON: ${reason}`, { cause: error });
  }
  throw new UsageError('--body must be a JSON object.');
}

function withoutUnset(given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
