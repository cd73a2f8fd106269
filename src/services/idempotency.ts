import { createHash } from 'node:crypto';
import type { Viewer } from '../domain/actor.js';
import { LIMITS } from '../domain/limits.js';
import { Refusal } from '../domain/refusals.js';
import type { Transaction } from '../postgres/transaction.js';
import { reserveIdempotencyKey } from '../store/ops/idempotency.js';

/** Fields with JSON of the user. In them, null and a missing key differ. */
const FREE_JSON = new Set(['metadata', 'variables']);

/** The meaning of a field that is left out, by its name in any input. Null, a missing field and this value are the same. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  blocking: true,
  catchUp: 'SKIP',
  kind: 'TEXT',
  lease: LIMITS.leaseDefaultMs,
  multiple: false,
  onDeadline: 'ESCALATE',
  onDependencyFailure: 'BLOCK',
  overlap: 'ALLOW',
  priority: 'MEDIUM',
  resume: false,
  reviewPolicy: 'REQUIRED',
  timeZone: 'UTC',
  waitSeconds: 0,
};

/** A hash of the input. It distinguishes a repeated request from a different one with the same idempotency key. */
export function fingerprintOf(input: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(normalize(input)))
    .digest('base64url');
}

/** Equal inputs have the same text: keys are sorted, and fields without a value or with their default are removed. */
function normalize(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normalize);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  const fields = Object.entries(value)
    .filter(([name, inner]) => inner !== null && inner !== undefined && inner !== DEFAULTS[name])
    .map(([name, inner]) => [name, FREE_JSON.has(name) ? sortKeys(inner) : normalize(inner)] as const);
  return Object.fromEntries(fields.sort(byName));
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, sortKeys(inner)] as const);
  return Object.fromEntries(entries.sort(byName));
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => (a < b ? -1 : 1);

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
