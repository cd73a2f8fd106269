import type { ClaimNextTaskInput, CompleteTaskInput } from '../../generated/operations.js';
import type { Client } from '../client.js';
import { RefusedError } from '../errors/refusals.js';
import type { CallOptions } from '../http/caller.js';
import { monotonicMs, newKey } from '../platform.js';
import type { Claims, Work } from './claims.js';
import { type Connection, isUnknown } from './connection.js';
import type { HandledRun } from './handled-run.js';
import type { Lease } from './lease.js';

/** What handing in needs. */
export interface HandInContext {
  readonly client: Client;
  readonly claims: Claims;
  readonly connection: Connection;
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
}

/**
 * Hands a result in, and claims the next task in the same request if it is wanted. The work behind a result is worth more
 * than one request: it is sent, with the same idempotency key, until the server has answered or the lease is over.
 *
 * @throws the reason of the lease's signal when the lease is over, and errors after which a repeat would fail as well.
 */
export async function handIn(
  context: HandInContext,
  run: HandledRun,
  lease: Lease,
  { resolution, wantsNext }: { readonly resolution: string; readonly wantsNext: boolean },
): Promise<HandedIn> {
  const sending: Sending = {
    complete: { runId: run.id, resolution, ...run.outcome, idempotencyKey: newKey() },
    claim: wantsNext ? context.claims.input() : null,
    sentAt: monotonicMs(),
  };
  const request = (options: CallOptions) => send(context, sending, options);
  const isWanted = () => lease.isHeld();
  try {
    return await context.connection.untilAnswered(request, { signal: lease.signal, isWanted });
  } catch (error) {
    // The answer is unknown, so the claim in it may have been granted.
    if (sending.claim && (isUnknown(error) || !lease.isHeld()))
      context.claims.keep({ input: sending.claim, sentAt: sending.sentAt });
    throw lease.isHeld() ? error : lease.signal.reason;
  }
}

async function send(
  { client, claims, connection }: HandInContext,
  { complete, claim, sentAt }: Sending,
  options: CallOptions,
): Promise<HandedIn> {
  if (!claim) return { refusal: await refusalOf(client.completeTask(complete, options)), next: null };
  const { completed, claimed } = await client.completeAndClaim({ complete, claim }, options);
  if (claimed instanceof RefusedError) connection.report(claimed);
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
