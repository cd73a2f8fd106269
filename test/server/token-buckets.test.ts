import { describe, expect, it } from 'vitest';
import { createTokenBuckets } from '../../src/server/token-buckets.js';

function setUp(options: { perSecond: number; burst: number; maxBuckets?: number }) {
  const clock = { nowMs: 1_000, now: () => clock.nowMs };
  return { clock, buckets: createTokenBuckets({ ...options, clock }) };
}

describe('a token bucket', () => {
  it('gives its burst at once and then its rate', () => {
    const { clock, buckets } = setUp({ perSecond: 2, burst: 3 });
    expect([1, 2, 3, 4].map(() => buckets.take('a'))).toEqual([0, 0, 0, 1]);
    clock.nowMs += 499;
    expect(buckets.take('a')).toBe(1);
    clock.nowMs += 1;
    expect([buckets.take('a'), buckets.take('a')]).toEqual([0, 1]);
  });

  it('never contains more than its burst', () => {
    const { clock, buckets } = setUp({ perSecond: 2, burst: 3 });
    clock.nowMs += 1_000_000;
    expect([1, 2, 3, 4].map(() => buckets.take('a'))).toEqual([0, 0, 0, 1]);
  });

  it('returns the whole seconds until a token is available', () => {
    const { buckets } = setUp({ perSecond: 0.1, burst: 1 });
    buckets.take('a');
    expect(buckets.take('a')).toBe(10);
  });

  it('loses no tokens when the clock is set back', () => {
    const { clock, buckets } = setUp({ perSecond: 1, burst: 2 });
    buckets.take('a');
    clock.nowMs -= 500;
    expect(buckets.take('a')).toBe(0);
    clock.nowMs += 1_000;
    expect(buckets.take('a')).toBe(0);
  });

  it('can be read without taking a token, even for an unused name', () => {
    const { buckets } = setUp({ perSecond: 1, burst: 1 });
    expect([buckets.peek('a'), buckets.peek('a'), buckets.take('a'), buckets.peek('a')]).toEqual([
      0, 0, 0, 1,
    ]);
  });

  it('belongs to one name, and the oldest of too many names is removed', () => {
    const { buckets } = setUp({ perSecond: 1, burst: 1, maxBuckets: 2 });
    expect([buckets.take('a'), buckets.take('b'), buckets.take('b')]).toEqual([0, 0, 1]);
    expect(buckets.take('c')).toBe(0);
    expect([buckets.take('b'), buckets.take('a')]).toEqual([1, 0]);
  });
});
