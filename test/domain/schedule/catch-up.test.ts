import { describe, expect, it } from 'vitest';
import { decideCatchUp, MAX_CAUGHT_UP, MAX_PASSED } from '../../../src/domain/schedule/catch-up.js';

const MINUTE = 60_000;
const now = Date.parse('2026-11-22T13:05:00Z');
const hours = [180, 120, 60].map((minutes) => now - minutes * MINUTE);
const passed = (latest: readonly number[]) => ({ latest, firstMs: latest[0] ?? now });
const timesOf = (missed: readonly { readonly dueAtMs: number }[]) => missed.map(({ dueAtMs }) => dueAtMs);
/** Every minute for longer than there are entries. */
const long = {
  latest: Array.from({ length: MAX_PASSED }, (_, index) => now - (MAX_PASSED - 1 - index) * MINUTE),
  firstMs: Date.parse('2025-11-22T13:05:00Z'),
};

describe('due times that have passed', () => {
  it.each(['SKIP', 'LATEST', 'ALL'] as const)('fire a moment later with %s', (policy) => {
    expect(decideCatchUp(policy, passed([now - 20]), now)).toEqual({ fire: [now - 20], missed: [] });
  });

  it('of an hour ago or more are missed with SKIP, each with a reason', () => {
    const { fire, missed } = decideCatchUp('SKIP', passed(hours), now);
    expect(fire).toEqual([]);
    expect(timesOf(missed)).toEqual(hours);
    expect(missed.map(({ reason }) => reason)).toEqual(
      [180, 120, 60].map((minutes) => expect.stringContaining(`missed by ${minutes} minutes`)),
    );
  });

  it('of less than an hour ago fire with SKIP, but only the newest, and the others are missed', () => {
    const newest = now - 60 * MINUTE + 1;
    const { fire, missed } = decideCatchUp('SKIP', passed([...hours.slice(0, 2), newest]), now);
    expect(fire).toEqual([newest]);
    expect(timesOf(missed)).toEqual(hours.slice(0, 2));
  });

  it('fire once with LATEST, at any age of the newest, and the others are missed', () => {
    const { fire, missed } = decideCatchUp('LATEST', passed(hours), now);
    expect(fire).toEqual(hours.slice(-1));
    expect(timesOf(missed)).toEqual(hours.slice(0, 2));
  });

  it('all fire with ALL, but at most the newest hundred', () => {
    expect(decideCatchUp('ALL', passed(hours), now)).toEqual({ fire: hours, missed: [] });
    const { fire, missed } = decideCatchUp('ALL', long, now);
    expect(fire).toEqual(long.latest.slice(-MAX_CAUGHT_UP));
    expect(timesOf(missed)).toEqual(long.latest.slice(0, 1));
  });

  it.each(['SKIP', 'LATEST', 'ALL'] as const)(
    'of longer than a hundred due times ago share the first entry, with %s',
    (policy) => {
      const [first, ...others] = decideCatchUp(policy, long, now).missed;
      expect(first?.reason).toContain('All due times since 2025-11-22T13:05:00.000Z');
      for (const { reason } of others) expect(reason).not.toContain('All due times since');
    },
  );

  it('cause nothing if there are none', () => {
    expect(decideCatchUp('ALL', passed([]), now)).toEqual({ fire: [], missed: [] });
  });
});
