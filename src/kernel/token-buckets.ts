import type { Clock } from './clock.js';

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** Token buckets by name. */
export interface TokenBuckets {
  /**
   * Takes tokens from the bucket, by default one. Returns 0, or the number of whole seconds until they are available. More
   * tokens than a full bucket has are taken from a full bucket, which then needs longer to fill.
   */
  take(name: string, count?: number): number;
  /** Returns tokens that were taken for something that did not happen. */
  giveBack(name: string, count: number): void;
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

  function waitSeconds({ tokens }: Bucket, count = 1): number {
    const needed = Math.min(count, burst);
    return tokens >= needed ? 0 : Math.ceil((needed - tokens) / perSecond);
  }

  return {
    take(name, count = 1) {
      const known = buckets.get(name);
      const bucket = known ? fill(known) : add(name);
      const wait = waitSeconds(bucket, count);
      if (wait === 0) bucket.tokens -= count;
      return wait;
    },
    giveBack(name, count) {
      const bucket = buckets.get(name);
      if (bucket) bucket.tokens = Math.min(burst, bucket.tokens + count);
    },
    peek(name) {
      const known = buckets.get(name);
      return known ? waitSeconds(fill(known)) : 0;
    },
    state(name) {
      const known = buckets.get(name);
      const { tokens } = known ? fill(known) : { tokens: burst };
      return {
        left: Math.max(0, Math.floor(tokens)),
        fullInSeconds: Math.ceil((burst - tokens) / perSecond),
      };
    },
  };
}
