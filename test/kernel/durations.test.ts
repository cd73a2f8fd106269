import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeDuration, formatIsoDuration, parseDuration } from '../../src/kernel/durations.js';

const wholeMs = fc.oneof(fc.nat(), fc.maxSafeNat());

describe('parseDuration', () => {
  it.each([
    ['0s', 0],
    ['500ms', 500],
    ['5s', 5_000],
    ['10m', 600_000],
    ['2h', 7_200_000],
    ['30d', 2_592_000_000],
    ['PT0S', 0],
    ['PT10M', 600_000],
    ['P1D', 86_400_000],
    ['PT1H30M', 5_400_000],
    ['P1W', 604_800_000],
    ['P1DT2H3M4.005S', 93_784_005],
    ['PT0.5S', 500],
    ['PT0,5S', 500],
    ['PT1.005S', 1_005],
    ['PT0.500000S', 500],
    ['PT36H', 129_600_000],
  ])('reads %s as %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    '',
    ' ',
    '5',
    's',
    '5 s',
    ' 5s',
    '5s ',
    '5S',
    '5w',
    '1h30m',
    '1.5h',
    '5e3s',
    '٥s',
    'NaN',
    'Infinityms',
    '5s\n',
  ])('refuses %j and shows how to write one', (text) => {
    expect(() => parseDuration(text)).toThrow(RangeError);
    expect(() => parseDuration(text)).toThrow(/write 500ms, 5s, 10m, 2h, 30d or ISO 8601/);
  });

  it.each([
    'P',
    'PT',
    'P1DT',
    'P1',
    'pt10m',
    'P1W2D',
    'PT1S1M',
    'P1H',
    'PT1D',
    'P0.5D',
    'PT1.5M',
    'PT.5S',
    'PT1.S',
    'PT0.0005S',
  ])('refuses %s, which is not valid ISO 8601 or finer than a millisecond', (text) => {
    expect(() => parseDuration(text)).toThrow(RangeError);
  });

  it.each(['P1Y', 'P1M', 'P2M3D', 'P1Y2M3DT4H'])(
    'refuses %s, since years and months have no fixed length',
    (text) => {
      expect(() => parseDuration(text)).toThrow(/years and months have no fixed length/);
    },
  );

  it.each(['-5s', '+5s', '-PT5S', 'PT-5S', 'P-1D'])('refuses the sign of %s', (text) => {
    expect(() => parseDuration(text)).toThrow(/a sign is not allowed/);
  });

  it.each([
    '9007199254740992ms',
    '9007199254740993ms',
    '104249991375d',
    'P99999999999999999999W',
    `PT${'9'.repeat(400)}S`,
  ])('refuses %s, which is too long to count exactly in milliseconds', (text) => {
    expect(() => parseDuration(text)).toThrow(/too long a duration/);
  });

  it('quotes a hostile text shortened and escaped', () => {
    expect(() => parseDuration(`5s\n${'x'.repeat(100_000)}`)).toThrow(/^"5s\\nx{37}…" is not a duration/);
  });

  it('returns a whole number of milliseconds from 0 or throws a RangeError, for every text', () => {
    const nearMiss = fc.stringMatching(/^P?[0-9]{0,3}[WDYM]?T?[0-9]{0,3}[.,]?[0-9]{0,4}[HMSa-z]{0,2}$/);
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), nearMiss), (text) => {
        try {
          const ms = parseDuration(text);
          expect(Number.isSafeInteger(ms) && ms >= 0).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});

describe('formatIsoDuration', () => {
  it.each([
    [0, 'PT0S'],
    [1, 'PT0.001S'],
    [1_500, 'PT1.5S'],
    [60_000, 'PT1M'],
    [600_000, 'PT10M'],
    [5_400_000, 'PT1H30M'],
    [86_400_000, 'P1D'],
    [93_784_005, 'P1DT2H3M4.005S'],
    [604_800_000, 'P7D'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatIsoDuration(ms)).toBe(text);
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('refuses %d', (ms) => {
    expect(() => formatIsoDuration(ms)).toThrow(RangeError);
  });

  it('writes a text that parseDuration reads as the same number', () => {
    fc.assert(
      fc.property(wholeMs, (ms) => {
        expect(parseDuration(formatIsoDuration(ms))).toBe(ms);
      }),
    );
  });

  it('carries every unit over into the next larger one', () => {
    const canonical =
      /^P(?=.)([1-9]\d*D)?(T(?=.)(([1-9]|1\d|2[0-3])H)?(([1-9]|[1-5]\d)M)?(([1-9]|[1-5]\d)S)?)?$/;
    const amount = fc.nat(10_000);
    fc.assert(
      fc.property(amount, amount, amount, amount, (d, h, m, s) => {
        fc.pre(d + h + m + s > 0);
        const ms = parseDuration(`P${d}DT${h}H${m}M${s}S`);
        expect(ms).toBe(((d * 24 + h) * 60 + m) * 60_000 + s * 1_000);
        expect(formatIsoDuration(ms)).toMatch(canonical);
      }),
    );
  });
});

describe('a duration for people', () => {
  it.each([
    [0, 'under 0.1 seconds'],
    [99, 'under 0.1 seconds'],
    [935, '0.9 seconds'],
    [1_000, '1 second'],
    [5_250, '5.3 seconds'],
    [10_000, '10 seconds'],
    [59_999, '1 minute'],
    [90_000, '1 minute 30 seconds'],
    [600_000, '10 minutes'],
    [3_599_600, '1 hour'],
    [5_400_000, '1 hour 30 minutes'],
    [86_400_000, '1 day'],
    [2 * 86_400_000 + 3 * 3_600_000 + 60_000, '2 days 3 hours'],
  ])('of %i ms is "%s"', (ms, text) => {
    expect(describeDuration(ms)).toBe(text);
  });
});
