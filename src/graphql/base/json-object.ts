import { findJsonMistake } from '../../domain/stored-text.js';
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
 * @throws BAD_USER_INPUT for other values, for what is too large or too deep, and for text that PostgreSQL cannot store:
 * U+0000 and halves of surrogate pairs.
 */
export function parseJsonObject(value: unknown): JsonObject {
  if (!isPlainObject(value)) throw badUserInput('A JSONObject is an object: {"key": "value"}.');
  // The depth is looked at before the size, for writing JSON that is too deep ends in an overflow of the stack.
  const mistake = findJsonMistake(value, JSON_LIMITS.depth);
  if (mistake !== null) throw badUserInput(`A JSONObject ${mistake}.`);
  if (Buffer.byteLength(JSON.stringify(value)) > JSON_LIMITS.bytes) {
    throw badUserInput(`A JSONObject holds at most ${JSON_LIMITS.bytes} bytes.`);
  }
  return value;
}

function isPlainObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object in a jsonb column; such columns hold nothing else. */
export function toJsonObject(stored: unknown): JsonObject {
  return isPlainObject(stored) ? stored : {};
}
