import * as z from 'zod';
import { baseOf, isRecord } from './coerce.js';

/** Names that people write for fields of the API, beside the API's own. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  assignedTo: 'assignee',
  timezone: 'timeZone',
  tz: 'timeZone',
  taskTemplate: 'template',
};

/**
 * The input of a verb from a JSON document. Names may be written as `assigned_to` or `assignedTo`. The fields of a template
 * may stand in an object of their own although the verb takes them beside the others.
 */
export function fromBody(
  schema: z.ZodObject,
  body: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const named = rename(schema, body);
  if (schema.shape.template !== undefined || !isRecord(named.template)) return named;
  const { template, ...rest } = named;
  return { ...rename(schema, template), ...rest };
}

/** Only fields of the schema are renamed: the names inside metadata and variables are the caller's own. */
function rename(
  schema: z.ZodObject,
  body: Readonly<Record<string, unknown>>,
): Record<string, unknown> & { template?: unknown } {
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => {
      const camel = name.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase());
      const known = camel in schema.shape ? camel : (OTHER_NAMES[camel] ?? name);
      return [known, renameInside(schema.shape[known], value)];
    }),
  );
}

function renameInside(field: unknown, value: unknown): unknown {
  if (!(field instanceof z.ZodType)) return value;
  const type = baseOf(field);
  if (type instanceof z.ZodObject && isRecord(value)) return rename(type, value);
  if (type instanceof z.ZodArray && Array.isArray(value))
    return value.map((item: unknown) => renameInside(type.element, item));
  return value;
}
