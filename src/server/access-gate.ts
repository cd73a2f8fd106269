import type { Clock } from '../kernel/clock.js';
import { createTokenBuckets, type TokenBuckets } from '../kernel/token-buckets.js';
import { clientAt } from './client-address.js';
import type { ServerLimits } from './limits.js';
import { protocolError } from './protocol-error.js';
import type { Viewer } from './request-scope.js';

/** Authenticates requests and limits their rate. */
export interface AccessGate {
  /**
   * Finds the viewer of the key in an `Authorization` value. A wrong key takes a token from the bucket of the remote address.
   * While that bucket is empty, requests without a valid key are refused with RATE_LIMITED. Every key is checked even then:
   * other clients behind the same proxy must get in, also with keys that this process has not seen yet. `misplaced` says
   * where a key was sent that is not read, for the error message.
   *
   * @throws GraphQLError with UNAUTHENTICATED (401) or RATE_LIMITED (429, Retry-After).
   */
  authenticate(
    authorization: unknown,
    address: string | undefined,
    misplaced?: () => string | null,
  ): Promise<Viewer>;
  /**
   * Counts one request of a key. Returns the headers that say how many requests are left.
   *
   * @throws GraphQLError with RATE_LIMITED.
   */
  admit(viewer: Viewer): Readonly<Record<string, string>>;
}

export interface AccessGateOptions {
  /** The viewer of a valid key; null if the key is unknown, expired or revoked. */
  readonly authenticate: (secret: string) => Promise<Viewer | null>;
  readonly limits: ServerLimits;
  readonly clock: Clock;
}

/** Creates the gate of this process. Its counts are in memory. */
export function createAccessGate({ authenticate, limits, clock }: AccessGateOptions): AccessGate {
  const { requestsPerSecond, requestBurst, failedAuthenticationsPerSecond, failedAuthenticationBurst } =
    limits;
  const requests = createTokenBuckets({ perSecond: requestsPerSecond, burst: requestBurst, clock });
  const failures = createTokenBuckets({
    perSecond: failedAuthenticationsPerSecond,
    burst: failedAuthenticationBurst,
    clock,
  });

  function refuseGuesses(wait: number): void {
    if (wait > 0) throw rateLimited('This address sent too many requests without a valid API key.', wait);
  }

  return {
    async authenticate(authorization, address, misplaced) {
      const secret = parseBearer(authorization);
      const viewer = secret === undefined ? null : await authenticate(secret);
      if (viewer) return viewer;
      refuseGuesses(failures.take(clientAt(address)));
      throw unauthenticated(
        secret === undefined ? explainMissing(authorization, misplaced?.()) : 'The API key is not valid.',
      );
    },
    admit({ keyId }) {
      const wait = requests.take(keyId);
      const headers = quotaHeaders(requestBurst, requests.state(keyId));
      const refusal = `This API key has sent more than ${requestsPerSecond} requests per second.`;
      if (wait > 0) throw rateLimited(refusal, wait, headers);
      return headers;
    },
  };
}

function parseBearer(authorization: unknown): string | undefined {
  if (typeof authorization !== 'string') return undefined;
  return /^Bearer +([\x21-\x7e]{1,512}) *$/i.exec(authorization)?.[1];
}

/** The message never contains what was sent, because that may be a key. */
function explainMissing(authorization: unknown, misplaced: string | null | undefined): string {
  if (typeof authorization === 'string' && /\S/.test(authorization))
    return /^\s*Bearer\b/i.test(authorization)
      ? 'The text after "Bearer" is not an API key.'
      : 'The Authorization value does not begin with "Bearer ".';
  return misplaced ? `The API key was sent ${misplaced}, which is not read.` : 'No API key was sent.';
}

function unauthenticated(what: string) {
  const hint =
    'Send "Authorization: Bearer mc_…" with a key that is neither expired nor revoked (over a WebSocket: connectionParams.authorization).';
  return protocolError('UNAUTHENTICATED', `${what} ${hint}`, {
    status: 401,
    headers: { 'www-authenticate': 'Bearer realm="mission-control"' },
  });
}

/** The names are those of the first drafts of the RateLimit header fields, which most clients know. */
function quotaHeaders(limit: number, { left, fullInSeconds }: ReturnType<TokenBuckets['state']>) {
  return {
    'ratelimit-limit': String(limit),
    'ratelimit-remaining': String(left),
    'ratelimit-reset': String(fullInSeconds),
  };
}

function rateLimited(what: string, waitSeconds: number, headers: Record<string, string> = {}) {
  return protocolError('RATE_LIMITED', `${what} Try again in ${waitSeconds} s.`, {
    status: 429,
    headers: { ...headers, 'retry-after': String(waitSeconds) },
  });
}
