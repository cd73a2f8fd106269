import { describe, expect, it } from 'vitest';
import { createTokenBuckets } from '../../src/kernel/token-buckets.js';

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

  it('gives many tokens at once, and more than it holds only when it is full', () => {
    const { clock, buckets } = setUp({ perSecond: 10, burst: 100 });
    expect([buckets.take('a', 60), buckets.take('a', 60), buckets.take('a', 40)]).toEqual([0, 2, 0]);
    clock.nowMs += 9_000;
    expect(buckets.take('a', 250)).toBe(1);
    clock.nowMs += 1_000;
    expect(buckets.take('a', 250)).toBe(0);
    expect(buckets.state('a')).toEqual({ left: 0, fullInSeconds: 25 });
    expect(buckets.take('a')).toBe(16);
  });

  it('takes tokens back, up to its burst', () => {
    const { buckets } = setUp({ perSecond: 1, burst: 10 });
    buckets.take('a', 8);
    buckets.giveBack('a', 5);
    expect(buckets.state('a').left).toBe(7);
    buckets.giveBack('a', 50);
    expect(buckets.state('a').left).toBe(10);
    buckets.giveBack('b', 1);
    expect(buckets.state('b').left).toBe(10);
  });
});
