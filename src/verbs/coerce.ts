import * as z from 'zod';

/**
 * Reads the values of an input that a person or a model has written: `high` for HIGH, `a,b` for a list, `3` for a number,
 * `version=1.2` for an object. What cannot be read stays as it is, so that the schema refuses it and names the field.
 */
export function coerceInput(
  schema: z.ZodObject,
  raw: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(raw).map(([name, value]) => {
      const field: unknown = schema.shape[name];
      return [name, field instanceof z.ZodType ? coerceValue(field, value) : value];
    }),
  );
}

/** The type of a field without `optional` and `default`. */
export function baseOf(type: z.ZodType): z.ZodType {
  const inner = type instanceof z.ZodOptional || type instanceof z.ZodDefault ? type.unwrap() : type;
  return inner !== type && inner instanceof z.ZodType ? baseOf(inner) : type;
}

function coerceValue(field: z.ZodType, value: unknown): unknown {
  const type = baseOf(field);
  if (type instanceof z.ZodObject) return isRecord(value) ? coerceInput(type, value) : value;
  if (type instanceof z.ZodArray) return coerceList(type.element, value);
  if (type instanceof z.ZodRecord) return readPairs(value);
  return typeof value === 'string' ? coerceText(type, value) : value;
}

function coerceText(type: z.ZodType, value: string): unknown {
  if (type instanceof z.ZodEnum) return value.trim().toUpperCase().replace(/[\s-]/g, '_');
  if (type instanceof z.ZodNumber) return value.trim() !== '' && Number.isFinite(+value) ? +value : value;
  if (type instanceof z.ZodBoolean) return value === 'true' ? true : value === 'false' ? false : value;
  return value;
}

function coerceList(element: unknown, value: unknown): unknown {
  if (!(element instanceof z.ZodType)) return value;
  const items = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(items)) return value;
  return items.flatMap((item: unknown) =>
    typeof item === 'string' && !(element instanceof z.ZodObject)
      ? splitList(item).map((part) => coerceValue(element, part))
      : [coerceValue(element, item)],
  );
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** An object from JSON, or from pairs such as `version=1.2`. */
function readPairs(value: unknown): unknown {
  const parts = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(parts) || !parts.every((part) => typeof part === 'string')) return value;
  const [first = ''] = parts;
  if (parts.length === 1 && first.trimStart().startsWith('{')) return parseJson(first);
  if (!parts.every((part) => part.includes('='))) return value;
  return Object.fromEntries(
    parts.map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Whether a value is a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
