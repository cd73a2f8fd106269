import { newKey } from '../platform.js';

interface Keyed {
  readonly idempotencyKey?: string | null | undefined;
}

interface Versioned {
  readonly expectedVersion?: number | null | undefined;
}

/** Adds an idempotency key to an input that has none, so that a repeat within 24 hours answers as the first request did. */
export function withKey<Input extends Keyed>(input: Input): Input {
  return input.idempotencyKey == null ? { ...input, idempotencyKey: newKey() } : input;
}

/** The same for a list of inputs. GraphQL takes a single value for a list of one. */
export function withKeys<Input extends Keyed>(inputs: Input | readonly Input[]): Input | readonly Input[] {
  return isList(inputs) ? inputs.map(withKey) : withKey(inputs);
}

/** Array.isArray does not narrow readonly arrays. */
function isList<Item>(value: Item | readonly Item[]): value is readonly Item[] {
  return Array.isArray(value);
}

/** For mutations that leave the same state when they are executed twice, and answer the same. */
export function always(): boolean {
  return true;
}

/** An edit that expects a version would be refused by its own first execution. */
export function withoutVersion(input: Versioned): boolean {
  return input.expectedVersion == null;
}
