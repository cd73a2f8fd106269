import { newId } from '../../kernel/ids.js';
import { hasProcessEnded } from '../../kernel/process-identity.js';
import type { Executor } from '../../postgres/statement.js';
import {
  type DispatchKind,
  listOtherDispatchers,
  shortenLeases,
} from '../../store/dispatch/dispatched-runs.js';

/**
 * Stands for a process as the owner of dispatched runs.
 * @param processName - of `nameOwnProcess`: by it the next server on the machine sees that this one has ended, and need not
 * wait for the end of its leases.
 */
export function newDispatcherId(processName: string | null = null): string {
  const id = newId('srv');
  return processName === null ? id : `${id} ${processName}`;
}

/**
 * What a process has sent with its last breath may reach its gateway only now. Asked before that, the gateway would know of
 * no such call, and it would be made twice. In milliseconds.
 */
const LAST_WORDS_MS = 3_000;

/** Lets the leases of processes end that have surely ended themselves: those that were killed on this machine. */
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
