import { describe, expect, it } from 'vitest';
import { decideFailure } from '../../../src/domain/runs/attempt-failure.js';

describe('a failed attempt', () => {
  it('returns the task four times and fails it the fifth time', () => {
    expect([0, 1, 2, 3, 4].map((before) => decideFailure(before, true, true))).toEqual([
      { to: 'back', attempts: 1 },
      { to: 'back', attempts: 2 },
      { to: 'back', attempts: 3 },
      { to: 'back', attempts: 4 },
      { to: 'FAILED', attempts: 5, reason: 'DISPATCH_ATTEMPTS_EXHAUSTED' },
    ]);
  });

  it('fails the task at once without a retry, with the reporter as the reason', () => {
    expect(decideFailure(0, false, true)).toEqual({ to: 'FAILED', attempts: 1, reason: 'FAILED_BY_AGENT' });
    expect(decideFailure(2, false, false)).toEqual({
      to: 'FAILED',
      attempts: 3,
      reason: 'FAILED_BY_OPERATOR',
    });
  });

  it('never counts beyond the limit of the database', () => {
    expect(decideFailure(5, true, true).attempts).toBe(5);
    expect(decideFailure(5, false, true).attempts).toBe(5);
  });
});
