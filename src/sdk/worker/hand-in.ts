import type { ClaimNextTaskInput, CompleteTaskInput } from '../../generated/operations.js';
import type { Client } from '../client.js';
import { RefusedError } from '../errors/refusals.js';
import { ServerFaultError, WrongAddressError } from '../errors/request-errors.js';
import { mayPass } from '../http/retry.js';
import { monotonicMs, newKey } from '../platform.js';
import { Backoff } from './backoff.js';
import type { Claims, Work } from './claims.js';
import type { Lease } from './lease.js';
import type { Run } from './run.js';

/** What handing in needs. */
export interface HandInContext {
  readonly client: Client;
  readonly claims: Claims;
  readonly onError: (error: unknown) => void;
}

/** What became of a result, and the next task if the same request brought one. */
export interface HandedIn {
  readonly refusal: RefusedError | null;
  readonly next: Work | null;
}

interface Sending {
  readonly complete: CompleteTaskInput;
  readonly claim: ClaimNextTaskInput | null;
  readonly sentAt: number;
  readonly signal: AbortSignal;
}

/** How often a result is sent again after a fault of the server, which this very result may have caused. */
const MAX_FAULTS = 3;

/**
 * Hands a result in, and claims the next task in the same request if it is wanted. The work behind a result is worth more
 * than one request: it is sent, with the same idempotency key, until the server has answered or the lease is over.
 *
 * @throws the reason of the lease's signal when the lease is over, and errors after which a repeat would fail as well.
 */
export async function handIn(
  context: HandInContext,
  run: Run,
  lease: Lease,
  { resolution, wantsNext }: { readonly resolution: string; readonly wantsNext: boolean },
): Promise<HandedIn> {
  const sending: Sending = {
    complete: { runId: run.id, resolution, ...run.outcome, idempotencyKey: newKey() },
    claim: wantsNext ? context.claims.input() : null,
    sentAt: monotonicMs(),
    signal: lease.signal,
  };
  try {
    return await repeat(context, lease, () => send(context, sending));
  } catch (error) {
    // The answer is unknown, so the claim in it may have been granted.
    if (sending.claim && (isUnknown(error) || !lease.isHeld())) await context.claims.undo(sending.claim);
    throw lease.isHeld() ? error : lease.signal.reason;
  }
}

async function repeat<Result>(
  { onError }: HandInContext,
  lease: Lease,
  attempt: () => Promise<Result>,
): Promise<Result> {
  const backoff = new Backoff();
  for (let faults = 0; ; ) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof ServerFaultError) faults += 1;
      if (!isUnknown(error) || faults > MAX_FAULTS || !lease.isHeld()) throw error;
      onError(error);
      await backoff.wait(error, lease.signal);
      if (!lease.isHeld()) throw error;
    }
  }
}

/**
 * True if the server may have executed the request, or may execute it when it is repeated. A proxy may answer with a page of
 * its own while the server restarts.
 */
function isUnknown(error: unknown): boolean {
  return mayPass(error) || error instanceof ServerFaultError || error instanceof WrongAddressError;
}

async function send(
  { client, claims, onError }: HandInContext,
  { complete, claim, sentAt, signal }: Sending,
): Promise<HandedIn> {
  if (!claim) return { refusal: await refusalOf(client.completeTask(complete, { signal })), next: null };
  const { completed, claimed } = await client.completeAndClaim({ complete, claim }, { signal });
  if (claimed instanceof RefusedError) onError(claimed);
  return {
    refusal: completed instanceof RefusedError ? completed : null,
    next: claimed instanceof RefusedError ? null : claims.toWork(claimed, sentAt),
  };
}

async function refusalOf(request: Promise<unknown>): Promise<RefusedError | null> {
  try {
    await request;
    return null;
  } catch (error) {
    if (error instanceof RefusedError) return error;
    throw error;
  }
}
