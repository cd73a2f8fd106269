import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatEventId, parseEventId } from '../../src/domain/events/event-id.js';
import { formatLogCursor, parseLogCursor } from '../../src/domain/events/log-cursor.js';
import { InvalidList } from '../../src/domain/page.js';
import { isId } from '../../src/kernel/ids.js';

const number = fc.bigInt(0n, 10n ** 18n - 1n);

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a cursor', () => {
  it('is parsed into the position that it was formatted from', () => {
    fc.assert(
      fc.property(number, (position) => {
        expect(parseLogCursor(formatLogCursor(position))).toEqual({ position });
      }),
    );
  });

  it('from before positions existed is parsed into the former number of its event', () => {
    fc.assert(
      fc.property(number, number, (xid, formerId) => {
        expect(parseLogCursor(encode(['event', `${xid}`, `${formerId}`]))).toEqual({ formerId });
      }),
    );
  });

  it.each([
    ['an empty text', ''],
    ['a word', 'hello'],
    ['a number', '12'],
    ['an id', 'task_01k0000000000000000000000a'],
    ['another list’s cursor', encode(['comment', '2026-11-22T10:00:00.000Z', 'cmt_1'])],
    ['a sign', encode(['event', '-1', '5'])],
    ['numbers instead of texts', encode(['event', 1, 5])],
    ['a number instead of a text', encode(['event', 1])],
    ['only a tag', encode(['event'])],
    ['a cursor with an extra part', encode(['event', '1', '2', '3'])],
    ['a number past bigint', encode(['event', '1', `${2n ** 64n}`])],
    ['no list', encode({ 0: 'event', 1: '1', 2: '2' })],
    ['null', encode(null)],
    ['a null byte', '\0'],
    ['a megabyte', 'A'.repeat(1_000_000)],
  ])('is refused when it is %s', (_, text) => {
    expect(() => parseLogCursor(text)).toThrow(InvalidList);
  });

  it('is refused with InvalidList for every other text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => parseLogCursor(text)).toThrow(InvalidList);
      }),
    );
  });
});

describe('the id of an event', () => {
  it('has the form of all ids and is parsed into its number', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 63n - 1n), (number) => {
        expect(isId('evt', formatEventId(number))).toBe(true);
        expect(parseEventId(formatEventId(number))).toBe(number);
      }),
    );
  });

  it('is null for every other text', () => {
    const past = `evt_7${'z'.repeat(25)}`;
    for (const text of [
      '',
      'evt_1',
      'task_00000000000000000000000001',
      'evt_0000000000000000000000000i',
      past,
    ]) {
      expect(parseEventId(text)).toBeNull();
    }
  });
});
