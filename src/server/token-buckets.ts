import type { Clock } from '../kernel/clock.js';

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** Token buckets by name. */
export interface TokenBuckets {
  /** Takes one token from the bucket. Returns 0, or the number of whole seconds until a token is available. */
  take(name: string): number;
  /** Returns the same number without taking a token. */
  peek(name: string): number;
  /** Returns how many whole tokens the bucket has, and the number of whole seconds until it is full. */
  state(name: string): { readonly left: number; readonly fullInSeconds: number };
}

export interface TokenBucketOptions {
  readonly perSecond: number;
  readonly burst: number;
  readonly clock: Clock;
  /** The maximum number of buckets kept. Beyond that a new name replaces the oldest one. */
  readonly maxBuckets?: number;
}

/** Creates token buckets of one size in the memory of this process. The bucket of a new name is full. */
export function createTokenBuckets({
  perSecond,
  burst,
  clock,
  maxBuckets = 10_000,
}: TokenBucketOptions): TokenBuckets {
  const buckets = new Map<string, Bucket>();

  function fill(bucket: Bucket): Bucket {
    const nowMs = clock.now();
    // A clock that was set back must not remove tokens.
    const elapsedMs = Math.max(0, nowMs - bucket.filledAtMs);
    bucket.tokens = Math.min(burst, bucket.tokens + (elapsedMs * perSecond) / 1_000);
    bucket.filledAtMs = nowMs;
    return bucket;
  }

  function add(name: string): Bucket {
    const [oldest] = buckets.size >= maxBuckets ? buckets.keys() : [];
    if (oldest !== undefined) buckets.delete(oldest);
    const bucket = { tokens: burst, filledAtMs: clock.now() };
    buckets.set(name, bucket);
    return bucket;
  }

  const waitSeconds = ({ tokens }: Bucket) => (tokens >= 1 ? 0 : Math.ceil((1 - tokens) / perSecond));

  return {
    take(name) {
      const known = buckets.get(name);
      const bucket = known ? fill(known) : add(name);
      const wait = waitSeconds(bucket);
      if (wait === 0) bucket.tokens -= 1;
      return wait;
    },
    peek(name) {
      const known = buckets.get(name);
      return known ? waitSeconds(fill(known)) : 0;
    },
    state(name) {
      const known = buckets.get(name);
      const { tokens } = known ? fill(known) : { tokens: burst };
      return { left: Math.floor(tokens), fullInSeconds: Math.ceil((burst - tokens) / perSecond) };
    },
  };
}
