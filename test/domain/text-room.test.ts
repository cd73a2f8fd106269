import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutText, shareRoom } from '../../src/domain/text-room.js';

describe('sharing room', () => {
  it('gives at most the room and each need, and leaves no usable room', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000)), fc.nat(5_000), (lengths, room) => {
        const shares = shareRoom(lengths, room);
        const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
        expect(shares.every((share, index) => share >= 0 && share <= lengths[index]!)).toBe(true);
        expect(sum(shares)).toBeLessThanOrEqual(room);
        expect(sum(shares)).toBeGreaterThanOrEqual(Math.min(sum(lengths), room - lengths.length));
      }),
    );
  });
});

describe('truncating a text', () => {
  it.each([
    ['abc', 5, 'abc'],
    ['abc', 2, 'ab'],
    ['a😀b', 2, 'a'],
    ['a😀b', 3, 'a😀'],
  ])('turns %s at %i into %s', (text, length, cut) => {
    expect(cutText(text, length)).toBe(cut);
  });
});
