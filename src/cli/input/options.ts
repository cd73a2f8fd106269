import { Option } from 'commander';
import * as z from 'zod';
import { baseOf } from '../../verbs/coerce.js';
import type { Verb } from '../../verbs/verb.js';

/** Shorter names of options, by the name of the field. */
const SHORTER: Readonly<Record<string, string>> = { timeZone: '--tz', waitSeconds: '--wait' };

/** Options of every command. A field of the same name is taken by its place only. */
const GLOBAL_NAMES = ['url', 'api-key', 'json', 'plain', 'fields', 'verbose', 'color', 'body'];

/** The name of a field as an option: `dueAt` becomes `due-at`. */
export function optionName(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The options of a verb: one for each field. A field with a place is hidden, because its place is its usual form. */
export function optionsOf({ input, places = [] }: Verb): Option[] {
  return Object.entries(input.shape)
    .filter(([field]) => !GLOBAL_NAMES.includes(optionName(field)))
    .filter(([, type]) => type instanceof z.ZodType && !isDocument(type))
    .flatMap(([field, type]) => toOptions(field, type as z.ZodType))
    .map((option) => option.hideHelp(places.includes(option.attributeName())));
}

/** Lists of objects have no form on a command line: they come from `--body`. */
function isDocument(type: z.ZodType): boolean {
  const base = baseOf(type);
  return base instanceof z.ZodObject || (base instanceof z.ZodArray && base.element instanceof z.ZodObject);
}

/** Whether a verb has fields that only `--body` can give. */
export function needsBody({ input }: Verb): boolean {
  return Object.values(input.shape).some((type) => type instanceof z.ZodType && isDocument(type));
}

/** A switch that is on by itself is turned off: `--no-retry`. What may be on, off or left out gets two options. */
function toOptions(field: string, type: z.ZodType): Option[] {
  if (!(baseOf(type) instanceof z.ZodBoolean)) return [toOption(field, type)];
  const flag = `--no-${optionName(field)}`;
  if (type.safeParse(undefined).data === true) return [new Option(flag, `Not: ${type.description ?? ''}`)];
  const isTriple = type instanceof z.ZodOptional;
  return [toOption(field, type), ...(isTriple ? [new Option(flag, 'The opposite.')] : [])];
}

function toOption(field: string, type: z.ZodType): Option {
  const short = SHORTER[field];
  const flags = `${short === undefined ? '' : `${short}, `}--${optionName(field)}${placeholderOf(type)}`;
  const option = new Option(flags, descriptionOf(type));
  return isRepeatable(type) ? option.argParser(collect) : option;
}

function placeholderOf(type: z.ZodType): string {
  const base = baseOf(type);
  if (base instanceof z.ZodBoolean) return '';
  if (base instanceof z.ZodNumber) return ' <number>';
  if (base instanceof z.ZodEnum) return ' <word>';
  if (base instanceof z.ZodRecord) return ' <name=value>';
  return base instanceof z.ZodArray ? ' <list>' : ' <text>';
}

/** The values stand in the description: in the placeholder they would widen the help of all options. */
function descriptionOf(type: z.ZodType): string {
  const values = valuesOf(type).map((value) => String(value).toLowerCase());
  return `${type.description ?? ''}${values.length > 0 ? ` Values: ${values.join(', ')}.` : ''}`;
}

function valuesOf(type: z.ZodType): readonly unknown[] {
  const base = baseOf(type);
  const word = base instanceof z.ZodArray ? base.element : base;
  return word instanceof z.ZodEnum ? word.options : [];
}

function isRepeatable(type: z.ZodType): boolean {
  const base = baseOf(type);
  return base instanceof z.ZodArray || base instanceof z.ZodRecord;
}

function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), value];
}
