import { describe, expect, it } from 'vitest';
import { findClosest } from '../../src/kernel/closest-match.js';

describe('findClosest', () => {
  it.each([
    ['MC_PROT', 'MC_PORT'],
    ['MC_POR', 'MC_PORT'],
    ['MC_PORTS', 'MC_PORT'],
    ['mc_port', 'MC_PORT'],
    ['MC_DATABASE_URL', 'DATABASE_URL'],
  ])('takes %s for %s', (word, meant) => {
    expect(findClosest(word, ['MC_HOST', 'MC_PORT', 'DATABASE_URL'])).toBe(meant);
  });

  it('prefers the closest candidate, and the first of several that are equally close', () => {
    expect(findClosest('cart', ['part', 'carts', 'cart'])).toBe('cart');
    expect(findClosest('cart', ['part', 'dart'])).toBe('part');
  });

  it('returns undefined if no candidate is close', () => {
    expect(findClosest('MC_SID', ['MC_HOST', 'MC_PORT'])).toBeUndefined();
    expect(findClosest('', ['MC_PORT'])).toBeUndefined();
    expect(findClosest('x'.repeat(1_000_000), ['MC_PORT'])).toBeUndefined();
  });
});
