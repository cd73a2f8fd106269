import type { ServerLimits } from '../limits.js';
import { protocolError } from '../protocol-error.js';
import type { RequestScope } from '../request-scope.js';

/** Counts a stream of a key until its signal is aborted. @throws GraphQLError with RATE_LIMITED above the limit. */
export type TakeStreamPlace = (scope: Pick<RequestScope, 'viewer' | 'signal'>) => void;

/** How long a client above the limit should wait, in seconds. */
const RETRY_SECONDS = 10;

/** Limits the open streams of each key in this process, on all transports, against clients that never close theirs. */
export function createStreamPlaces({ maxStreamsPerKey }: ServerLimits): TakeStreamPlace {
  const taken = new Map<string, number>();

  function leave(keyId: string): void {
    const left = (taken.get(keyId) ?? 1) - 1;
    if (left > 0) taken.set(keyId, left);
    else taken.delete(keyId);
  }

  return ({ viewer: { keyId }, signal }) => {
    if (signal.aborted) return;
    const open = taken.get(keyId) ?? 0;
    if (open >= maxStreamsPerKey) throw tooManyStreams(maxStreamsPerKey);
    taken.set(keyId, open + 1);
    signal.addEventListener('abort', () => leave(keyId), { once: true });
  };
}

function tooManyStreams(limit: number) {
  return protocolError('RATE_LIMITED', `At most ${limit} streams at a time per API key: end some first.`, {
    status: 429,
    headers: { 'retry-after': String(RETRY_SECONDS) },
  });
}
