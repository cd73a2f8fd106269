import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCursor, parseCursor } from '../../src/domain/cursor.js';
import { InvalidList } from '../../src/domain/page.js';

const KINDS = ['instant', 'number', 'text', 'priority'] as const;

describe('a cursor', () => {
  it('is parsed into the values that it was formatted from', () => {
    const instants = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(
        fc.option(instants),
        fc.bigInt({ min: 0n, max: 10n ** 18n - 1n }),
        fc
          .string({ maxLength: 255, unit: 'grapheme' })
          .filter((text) => text.length <= 255 && !text.includes('\u0000')),
        fc.constantFrom('CRITICAL', 'HIGH', 'MEDIUM', 'LOW'),
        (instant, number, text, priority) => {
          const values = [instant, number, text, priority];
          expect(parseCursor('x', KINDS, formatCursor('x', values))).toEqual(values);
        },
      ),
    );
  });

  it('is refused with InvalidList if the text is arbitrary', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((json) => Buffer.from(json).toString('base64url')),
        ),
        (text) => {
          expect(() => parseCursor('x', KINDS, text)).toThrow(InvalidList);
        },
      ),
    );
  });
});
