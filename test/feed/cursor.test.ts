import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLater, LOG_START, laterOf } from '../../src/domain/log-position.js';
import { formatCursor, InvalidCursor, parseCursor } from '../../src/feed/cursor.js';

const position = fc.record({ xid: fc.bigInt(0n, 2n ** 63n - 1n), id: fc.bigInt(0n, 2n ** 63n - 1n) });

describe('a cursor', () => {
  it('stands for exactly the position it was made from', () => {
    fc.assert(
      fc.property(position, (place) => {
        expect(parseCursor(formatCursor(place))).toEqual(place);
      }),
    );
  });

  it.each([
    ['an empty text', ''],
    ['a word', 'hello'],
    ['a number', '12'],
    ['an id', 'task_01k0000000000000000000000a'],
    ['another list’s cursor', Buffer.from('2026-11-22T10:00:00Z|7').toString('base64url')],
    ['a sign', Buffer.from('-1.5').toString('base64url')],
    ['a leading zero', Buffer.from('01.5').toString('base64url')],
    ['a third part', Buffer.from('1.2.3').toString('base64url')],
    ['a number past bigint', Buffer.from(`${2n ** 63n}.1`).toString('base64url')],
    ['padding', Buffer.from('1.20').toString('base64')],
    ['a stray character', `${formatCursor({ xid: 1n, id: 2n })}!`],
    ['a stray line end', `${formatCursor({ xid: 1n, id: 2n })}\n`],
    ['a null byte', '\0'],
    ['a megabyte', 'A'.repeat(1_000_000)],
  ])('is refused when it is %s', (_, text) => {
    expect(() => parseCursor(text)).toThrow(InvalidCursor);
  });

  it('is never made of any other text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(formatCursor(parseCursor(text))).toBe(text);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidCursor);
        }
      }),
    );
  });
});

describe('the order of positions', () => {
  it('goes by transaction first and by number within one', () => {
    expect(isLater({ xid: 2n, id: 1n }, { xid: 1n, id: 9n })).toBe(true);
    expect(isLater({ xid: 1n, id: 9n }, { xid: 1n, id: 8n })).toBe(true);
    expect(isLater({ xid: 1n, id: 1n }, { xid: 1n, id: 1n })).toBe(false);
    expect(isLater({ xid: 0n, id: 1n }, LOG_START)).toBe(true);
  });

  it('is total', () => {
    fc.assert(
      fc.property(position, position, (one, other) => {
        const isSame = one.xid === other.xid && one.id === other.id;
        expect(Number(isLater(one, other)) + Number(isLater(other, one))).toBe(isSame ? 0 : 1);
        expect(laterOf(one, other)).toEqual(laterOf(other, one));
      }),
    );
  });
});
