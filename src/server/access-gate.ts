import type { Clock } from '../kernel/clock.js';
import type { ServerLimits } from './limits.js';
import { protocolError } from './protocol-error.js';
import type { Viewer } from './request-scope.js';
import { createTokenBuckets, type TokenBuckets } from './token-buckets.js';

/** Authenticates requests and limits their rate. */
export interface AccessGate {
  /**
   * Finds the viewer of the key in an `Authorization` value. A wrong key takes a token from the bucket of the remote address.
   * While that bucket is empty, only keys that were valid before are checked. So guessing keys is slow, and other clients
   * behind the same proxy can still work. `misplaced` is the value of a header that is not read, for the error message.
   *
   * @throws GraphQLError with UNAUTHENTICATED (401) or RATE_LIMITED (429, Retry-After).
   */
  authenticate(authorization: unknown, address: string | undefined, misplaced?: unknown): Promise<Viewer>;
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

/** The maximum number of secrets that are remembered as valid at their last use. */
const maxKnownSecrets = 10_000;

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
  const known = new Set<string>();

  function refuseGuesses(wait: number): void {
    if (wait > 0) throw rateLimited('This address sent too many requests without a valid API key.', wait);
  }

  function remember(secret: string): void {
    if (known.has(secret)) return;
    const [oldest] = known.size >= maxKnownSecrets ? known : [];
    if (oldest !== undefined) known.delete(oldest);
    known.add(secret);
  }

  return {
    async authenticate(authorization, address, misplaced) {
      const secret = parseBearer(authorization);
      const bucket = addressBucket(address);
      if (secret === undefined || !known.has(secret)) refuseGuesses(failures.peek(bucket));
      const viewer = secret === undefined ? null : await authenticate(secret);
      if (viewer && secret !== undefined) {
        remember(secret);
        return viewer;
      }
      if (secret !== undefined) known.delete(secret);
      refuseGuesses(failures.take(bucket));
      throw unauthenticated(
        secret === undefined ? explainMissing(authorization, misplaced) : 'The API key is not valid.',
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
function explainMissing(authorization: unknown, misplaced: unknown): string {
  if (typeof authorization === 'string' && /\S/.test(authorization))
    return /^\s*Bearer\b/i.test(authorization)
      ? 'The text after "Bearer" is not an API key.'
      : 'The Authorization value does not begin with "Bearer ".';
  if (misplaced !== undefined) return 'The API key was sent as X-API-Key, which is not read.';
  return 'No API key was sent.';
}

/** IPv6 addresses of one /64 share a bucket, because one client usually controls the whole /64. */
function addressBucket(address = 'unknown'): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address;
  return address.split(':').slice(0, 4).join(':');
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
