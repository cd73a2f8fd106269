import { badUserInput } from './protocol-errors.js';

/** A JSON object as it goes over the wire and into the database. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** What one object may hold: metadata is for small facts, not for files. */
export const JSON_LIMITS = { bytes: 65_536, depth: 20 };

/**
 * Takes an object of JSON values as it is.
 *
 * @throws BAD_USER_INPUT for other values, for what is too large or too deep, and for the character U+0000, which
 * PostgreSQL cannot store.
 */
export function parseJsonObject(value: unknown): JsonObject {
  if (!isPlainObject(value)) throw badUserInput('A JSONObject is an object: {"key": "value"}.');
  checkDepth(value, 1);
  const text = JSON.stringify(value);
  if (Buffer.byteLength(text) > JSON_LIMITS.bytes) {
    throw badUserInput(`A JSONObject holds at most ${JSON_LIMITS.bytes} bytes.`);
  }
  if (text.includes('\\u0000')) throw badUserInput('A JSONObject cannot hold the character U+0000.');
  return value;
}

function checkDepth(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > JSON_LIMITS.depth)
    throw badUserInput(`A JSONObject is at most ${JSON_LIMITS.depth} levels deep.`);
  for (const inner of Object.values(value)) checkDepth(inner, depth + 1);
}

function isPlainObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object in a jsonb column; such columns hold nothing else. */
export function toJsonObject(stored: unknown): JsonObject {
  return isPlainObject(stored) ? stored : {};
}
