import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../src/kernel/backoff.js';

const baseMs = 5_000;
const maxMs = 300_000;
const justBelowOne = 1 - Number.EPSILON / 2;
const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('backoffMs', () => {
  it('doubles with each failure up to the limit', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 8].map((attempt) =>
      backoffMs({ attempt, baseMs, maxMs, random: justBelowOne }),
    );
    expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
  });

  it('always waits the lower half and adds a random part of the upper half', () => {
    const waits = [0, 0.5, justBelowOne].map((random) => backoffMs({ attempt: 1, baseMs, maxMs, random }));
    expect(waits).toEqual([2_500, 3_750, 5_000]);
  });

  it('does not wait if the base or the limit is 0', () => {
    expect(backoffMs({ attempt: 2_000, baseMs: 0, maxMs, random: 0.5 })).toBe(0);
    expect(backoffMs({ attempt: 2_000, baseMs, maxMs: 0, random: 0.5 })).toBe(0);
  });

  it('is a whole number between half the limit and the limit after seven or more failures', () => {
    fc.assert(
      fc.property(fc.integer({ min: 7, max: Number.MAX_SAFE_INTEGER }), fraction, (attempt, random) => {
        const wait = backoffMs({ attempt, baseMs, maxMs, random });
        expect(Number.isInteger(wait) && wait >= maxMs / 2 && wait <= maxMs).toBe(true);
      }),
    );
  });

  it('never shrinks with a further failure and the same random number', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.nat(),
        fc.nat(),
        fraction,
        (attempt, base, max, random) => {
          const wait = (n: number) => backoffMs({ attempt: n, baseMs: base, maxMs: max, random });
          expect(wait(attempt + 1)).toBeGreaterThanOrEqual(wait(attempt));
        },
      ),
    );
  });

  it.each([
    { attempt: 0 },
    { attempt: 1.5 },
    { attempt: Number.NaN },
    { baseMs: -1 },
    { baseMs: Number.NaN },
    { maxMs: -1 },
    { random: 1 },
    { random: -0.1 },
    { random: Number.NaN },
  ])('refuses %o', (wrong) => {
    expect(() => backoffMs({ attempt: 1, baseMs, maxMs, random: 0, ...wrong })).toThrow(RangeError);
  });
});
