import { newId } from '../../kernel/ids.js';
import { hasProcessEnded } from '../../kernel/process-identity.js';
import type { Executor } from '../../postgres/statement.js';
import {
  type DispatchKind,
  listOtherDispatchers,
  shortenLeases,
} from '../../store/dispatch/dispatched-runs.js';

/**
 * Creates the id of a process as the owner of dispatched runs.
 * @param processName - the result of `nameOwnProcess`. With it, the next server on the machine detects that this process
 * has ended, and does not have to wait for its leases to expire.
 */
export function newDispatcherId(processName: string | null = null): string {
  const id = newId('srv');
  return processName === null ? id : `${id} ${processName}`;
}

/**
 * A grace period in milliseconds: a request that was sent just before its process died may still be in flight. A gateway
 * that is asked earlier would not know the call, and it would be made twice.
 */
const LAST_WORDS_MS = 3_000;

/** Shortens the leases of processes on this machine that have certainly ended. */
export async function endLeasesOfDead(
  executor: Executor,
  kind: DispatchKind,
  dispatcher: string,
): Promise<void> {
  const others = await listOtherDispatchers(executor, kind, dispatcher, LAST_WORDS_MS);
  const ended = await Promise.all(others.map((other) => hasProcessEnded(other.replace(/^\S+ /, ''))));
  const dead = others.filter((_other, index) => ended[index]);
  if (dead.length > 0) await shortenLeases(executor, kind, dead, LAST_WORDS_MS);
}
