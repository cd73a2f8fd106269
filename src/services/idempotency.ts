import { createHash } from 'node:crypto';
import type { Viewer } from '../domain/actor.js';
import { Refusal } from '../domain/refusals.js';
import type { Transaction } from '../postgres/transaction.js';
import { reserveIdempotencyKey } from '../store/ops/idempotency.js';

/** A hash of the input. It distinguishes a repeated request from a different one with the same idempotency key. */
export function fingerprintOf(input: unknown): string {
  return createHash('sha256').update(JSON.stringify(input, jsonOf)).digest('base64url');
}

/** Sorts the keys of objects, so that equal inputs have the same text. */
function jsonOf(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Returns the id that an earlier request with the same key created. If there was none, reserves the key for `subjectId`
 * from the commit on and returns null. Keys are scoped to the API key that sends them and to the operation.
 * @param path the path of the request within the input.
 * @throws {Refusal} IDEMPOTENCY_KEY_REUSED if the key was used with a different input.
 */
export async function findEarlier(
  tx: Transaction,
  viewer: Viewer,
  operation: string,
  request: { readonly idempotencyKey?: string | null | undefined },
  subjectId: string,
  path: readonly string[] = [],
): Promise<string | null> {
  if (request.idempotencyKey === null || request.idempotencyKey === undefined) return null;
  const fingerprint = fingerprintOf(request);
  const earlier = await reserveIdempotencyKey(tx, {
    scope: viewer.keyId,
    operation,
    key: request.idempotencyKey,
    fingerprint,
    subjectId,
  });
  if (earlier === null) return null;
  if (earlier.fingerprint !== fingerprint) throw keyReused(path);
  return earlier.subjectId;
}

/** The refusal for an idempotency key that was used with a different input. */
export function keyReused(path: readonly string[] = []): Refusal {
  return new Refusal(
    'IDEMPOTENCY_KEY_REUSED',
    'This idempotency key was used with a different input in the last 24 hours: use a new key.',
    [...path, 'idempotencyKey'],
  );
}
