import { createHash } from 'node:crypto';
import type { Viewer } from '../domain/actor.js';
import { Refusal } from '../domain/refusals.js';
import type { Transaction } from '../postgres/transaction.js';
import { reserveIdempotencyKey } from '../store/ops/idempotency.js';

/** A hash by which the repeat of a request is told from another request under the same key. */
export function fingerprintOf(input: unknown): string {
  return createHash('sha256').update(JSON.stringify(input, jsonOf)).digest('base64url');
}

/** Objects with their keys in order, so that the same input always has the same text. */
function jsonOf(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * The id of what an earlier request with the same key made, or null if this one is the first; then `subjectId` is what
 * it stands for from the commit on. Keys belong to the API key that sends them and to one operation.
 * @param path where the request stands in the input.
 * @throws {Refusal} IDEMPOTENCY_KEY_REUSED if the key was sent with another input.
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

export function keyReused(path: readonly string[] = []): Refusal {
  return new Refusal(
    'IDEMPOTENCY_KEY_REUSED',
    'This key was sent with another input in the last 24 hours: use a new one.',
    [...path, 'idempotencyKey'],
  );
}
