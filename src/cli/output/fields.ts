import { UsageError } from '../failures.js';
import { closestOf, didYouMean } from '../suggestions.js';

/** The named fields of an answer, and of each entry of a list: `ref`, `assignee.name`. @throws UsageError for an unknown one. */
export function pickFields(data: unknown, fields: readonly string[]): unknown {
  if (Array.isArray(data)) return data.map((entry) => pickFields(entry, fields));
  if (!isRecord(data)) return data;
  return fields.reduce<Record<string, unknown>>((picked, field) => {
    place(picked, data, field.split('.'), field);
    return picked;
  }, {});
}

function place(
  target: Record<string, unknown>,
  source: Readonly<Record<string, unknown>>,
  [name = '', ...rest]: readonly string[],
  field: string,
): void {
  if (!(name in source)) throw unknownField(field, source);
  const value = source[name];
  if (rest.length === 0 || value === null) target[name] = value;
  else target[name] = merge(target[name], value, rest, field);
}

function merge(present: unknown, value: unknown, rest: readonly string[], field: string): unknown {
  if (Array.isArray(value))
    return value.map((entry, index) =>
      merge(Array.isArray(present) ? present[index] : {}, entry, rest, field),
    );
  if (!isRecord(value)) return value;
  const inner = isRecord(present) ? { ...present } : {};
  place(inner, value, rest, field);
  return inner;
}

function unknownField(field: string, source: Readonly<Record<string, unknown>>): UsageError {
  const names = Object.keys(source);
  const meant = didYouMean([closestOf(field.split('.').at(-1) ?? '', names)]);
  return new UsageError(`--fields: there is no field "${field}".${meant} There are: ${names.join(', ')}.`);
}

/** A table of picked fields. */
export function fieldsTable(data: unknown, fields: readonly string[]) {
  const entries: unknown[] = Array.isArray(data) ? data : [data];
  const rows = entries.map((entry) => fields.map((field) => cell(valueAt(entry, field.split('.')))));
  return { columns: fields.map((field) => field.toUpperCase()), rows };
}

function valueAt(entry: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return entry;
  if (Array.isArray(entry)) return entry.map((item) => valueAt(item, [name, ...rest]));
  return isRecord(entry) ? valueAt(entry[name], rest) : entry;
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '–';
  return typeof value === 'string' ? value.replace(/\s+/g, ' ') : JSON.stringify(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
