import { describe, expect, it } from 'vitest';
import { decideCatchUp, MAX_CAUGHT_UP } from '../../../src/domain/schedule/catch-up.js';

const MINUTE = 60_000;
const now = Date.parse('2026-11-22T13:05:00Z');
const missed = [now - 180 * MINUTE, now - 120 * MINUTE, now - 60 * MINUTE];

describe('due times that have passed', () => {
  it.each(['SKIP', 'LATEST', 'ALL'] as const)('fire a moment later with %s', (policy) => {
    expect(decideCatchUp(policy, [now - 20], now)).toEqual({ fire: [now - 20], skip: null });
  });

  it('of an hour ago or more are skipped with SKIP, with a reason', () => {
    const { fire, skip } = decideCatchUp('SKIP', missed, now);
    expect(fire).toEqual([]);
    expect(skip).toEqual({
      dueAtMs: now - 60 * MINUTE,
      reason: expect.stringContaining('missed by 60 minutes'),
    });
  });

  it('of less than an hour ago fire with SKIP, but only the newest', () => {
    const newest = now - 60 * MINUTE + 1;
    expect(decideCatchUp('SKIP', [...missed.slice(0, 2), newest], now)).toEqual({
      fire: [newest],
      skip: null,
    });
  });

  it('fire once with LATEST, at any age of the newest', () => {
    expect(decideCatchUp('LATEST', missed, now)).toEqual({ fire: missed.slice(-1), skip: null });
  });

  it('all fire with ALL, but at most the newest hundred', () => {
    expect(decideCatchUp('ALL', missed, now).fire).toEqual(missed);
    const many = Array.from({ length: 250 }, (_, index) => now - (250 - index) * MINUTE);
    expect(decideCatchUp('ALL', many, now).fire).toEqual(many.slice(-MAX_CAUGHT_UP));
  });

  it('cause nothing if there are none', () => {
    expect(decideCatchUp('ALL', [], now)).toEqual({ fire: [], skip: null });
  });
});
