import type { Clock } from '../kernel/clock.js';

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

export interface TokenBuckets {
  /** Takes one token of the named bucket. Answers 0, or in how many whole seconds there will be one. */
  take(name: string): number;
  /** The same answer without taking. */
  peek(name: string): number;
}

export interface TokenBucketOptions {
  readonly perSecond: number;
  readonly burst: number;
  readonly clock: Clock;
  /** With this many names known, a new one makes the oldest forgotten. */
  readonly maxBuckets?: number;
}

/** Token buckets by name, all of one size, in the memory of this process. A name not seen before has a full one. */
export function createTokenBuckets({
  perSecond,
  burst,
  clock,
  maxBuckets = 10_000,
}: TokenBucketOptions): TokenBuckets {
  const buckets = new Map<string, Bucket>();

  function fill(bucket: Bucket): Bucket {
    const nowMs = clock.now();
    // A clock that was set back must not take tokens away.
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
  };
}
