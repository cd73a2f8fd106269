import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatInstant, parseInstant } from '../../src/kernel/instants.js';

describe('formatInstant', () => {
  it('writes every instant as toISOString does, in any sequence of instants', () => {
    const instants = fc.array(fc.date({ noInvalidDate: true }), { minLength: 1 });
    fc.assert(
      fc.property(instants, (dates) => {
        expect(dates.map(formatInstant)).toEqual(dates.map((date) => date.toISOString()));
      }),
    );
  });

  it('refuses an invalid date', () => {
    expect(() => formatInstant(new Date(Number.NaN))).toThrow(RangeError);
  });
});

describe('parseInstant', () => {
  it('reads what formatInstant writes', () => {
    const range = { min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z') };
    fc.assert(
      fc.property(fc.date({ ...range, noInvalidDate: true }), (date) => {
        expect(parseInstant(formatInstant(date))).toEqual(date);
      }),
    );
  });

  it.each([
    ['2026-11-22T13:05:00Z', '2026-11-22T13:05:00.000Z'],
    ['2026-11-22t13:05:00z', '2026-11-22T13:05:00.000Z'],
    ['2026-11-22T13:05:00.5Z', '2026-11-22T13:05:00.500Z'],
    ['2026-11-22T13:05:00.123456789Z', '2026-11-22T13:05:00.123Z'],
    ['2026-11-22T13:05:00+02:00', '2026-11-22T11:05:00.000Z'],
    ['2026-01-01T00:30:00+01:00', '2025-12-31T23:30:00.000Z'],
    ['2024-02-29T00:00:00-12:45', '2024-02-29T12:45:00.000Z'],
  ])('reads %s', (text, instant) => {
    expect(parseInstant(text)?.toISOString()).toBe(instant);
  });

  it.each([
    '',
    'now',
    '2026-11-22',
    '2026-11-22T13:05:00',
    '2026-11-22 13:05:00Z',
    '2026-11-22T13:05Z',
    '2026-13-01T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '2026-11-22T24:00:00Z',
    '2026-11-22T13:60:00Z',
    '2026-06-30T23:59:60Z',
    '2026-11-22T13:05:00+24:00',
    '2026-11-22T13:05:00+02:60',
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
    '+010000-01-01T00:00:00Z',
    '2026-11-22T13:05:00Z\n',
    '２０２６-11-22T13:05:00Z',
  ])('refuses %j', (text) => {
    expect(parseInstant(text)).toBeNull();
  });
});
