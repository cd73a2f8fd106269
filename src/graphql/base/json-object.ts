import { Kind, type ValueNode, valueFromASTUntyped, visit } from 'graphql';
import { findJsonMistake } from '../../domain/stored-text.js';
import { explainRounding } from '../../kernel/exact-numbers.js';
import { badUserInput } from './protocol-errors.js';

/** A JSON object as the API and the database hold it. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** The limits of one object: metadata is for small facts, not for files. */
export const JSON_LIMITS = { bytes: 65_536, depth: 20 };

/**
 * Returns the value unchanged if it is an object of JSON values.
 *
 * @throws BAD_USER_INPUT for other values, for objects that are too large or too deep, and for parts that cannot be stored
 * unchanged, such as U+0000, lone surrogates and integers beyond 2^53.
 */
export function parseJsonObject(value: unknown): JsonObject {
  if (!isPlainObject(value)) throw badUserInput('A JSONObject is an object: {"key": "value"}.');
  // Depth is checked before size: JSON.stringify overflows the stack on JSON that is too deep.
  const mistake = findJsonMistake(value, JSON_LIMITS.depth);
  if (mistake !== null) throw badUserInput(`A JSONObject ${mistake}.`);
  if (Buffer.byteLength(JSON.stringify(value)) > JSON_LIMITS.bytes) {
    throw badUserInput(`A JSONObject holds at most ${JSON_LIMITS.bytes} bytes.`);
  }
  return value;
}

/**
 * The same for a literal of a document.
 *
 * @throws BAD_USER_INPUT also for numbers that become other numbers when they are read. Those of variables are refused
 * where the JSON text of a request is read.
 */
export function parseJsonLiteral(node: ValueNode, variables?: Record<string, unknown> | null): JsonObject {
  visit(node, { [Kind.INT]: refuseRounding, [Kind.FLOAT]: refuseRounding });
  return parseJsonObject(valueFromASTUntyped(node, variables));
}

function refuseRounding({ value }: { readonly value: string }): void {
  const rounding = explainRounding(value);
  if (rounding !== null) throw badUserInput(`A JSONObject may not contain ${rounding}.`);
}

function isPlainObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object of a jsonb column; these columns hold only objects. */
export function toJsonObject(stored: unknown): JsonObject {
  return isPlainObject(stored) ? stored : {};
}
