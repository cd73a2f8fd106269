import { parseInstant } from '../kernel/instants.js';
import { InvalidList } from './page.js';

/** A value by which a list is sorted. Null is an instant that the row does not have. */
export type SortValue = string | bigint | Date | null;

/** The kinds of sort values, which decide how a cursor's parts are validated. */
export type SortKind = 'instant' | 'number' | 'text' | 'priority';

const PRIORITIES = new Set(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW']);

/**
 * Formats a position in a sorted list: the sort values of an entry, of which the last is unique. The cursor stays valid
 * when the entry moves or is deleted, because it names a position and not an entry.
 */
export function formatCursor(tag: string, values: readonly SortValue[]): string {
  const written = values.map((value) =>
    value instanceof Date ? value.toISOString() : (value?.toString() ?? null),
  );
  return Buffer.from(JSON.stringify([tag, ...written])).toString('base64url');
}

/**
 * Parses a cursor into the sort values of its position.
 * @param tag - names the list and its order, so that a cursor of another list is refused.
 * @throws {InvalidList} for a text that is not a cursor of this list and order.
 */
export function parseCursor(tag: string, kinds: readonly SortKind[], cursor: string): SortValue[] {
  const parts = parseParts(cursor);
  if (parts === null || parts[0] !== tag || parts.length !== kinds.length + 1) throw foreign();
  return kinds.map((kind, index) => parseValue(kind, parts[index + 1]));
}

function parseParts(cursor: string): unknown[] | null {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(parts) ? parts : null;
  } catch {
    return null;
  }
}

function parseValue(kind: SortKind, part: unknown): SortValue {
  if (part === null && kind === 'instant') return null;
  if (typeof part !== 'string') throw foreign();
  if (kind === 'instant') return parseInstant(part) ?? refuse();
  if (kind === 'number') return /^\d{1,18}$/.test(part) ? BigInt(part) : refuse();
  if (kind === 'priority') return PRIORITIES.has(part) ? part : refuse();
  return part.length <= 255 && !part.includes('\u0000') ? part : refuse();
}

function refuse(): never {
  throw foreign();
}

function foreign(): InvalidList {
  return new InvalidList(
    'This cursor does not belong to this list in this order: use a cursor from an answer of the same list.',
  );
}
