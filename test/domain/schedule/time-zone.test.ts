import { describe, expect, it } from 'vitest';
import { findTransition, offsetAt, parseTimeZone } from '../../../src/domain/schedule/time-zone.js';

describe('the name of a time zone', () => {
  it.each([
    ['Europe/Berlin', 'Europe/Berlin'],
    ['europe/berlin', 'Europe/Berlin'],
    ['utc', 'UTC'],
    ['Asia/Kolkata', 'Asia/Kolkata'],
    ['Europe/Kyiv', 'Europe/Kyiv'],
    ['America/Argentina/Buenos_Aires', 'America/Argentina/Buenos_Aires'],
    ['Etc/GMT+5', 'Etc/GMT+5'],
  ])('%s is %s', (name, zone) => {
    expect(parseTimeZone(name)).toBe(zone);
  });

  it.each([
    '',
    ' ',
    'Nowhere/Zone',
    '+02:00',
    '-05',
    'Europe/Berlin ',
    'Europe\u0000/Berlin',
    '../etc',
    'ЕВРОПА',
    'x'.repeat(10_000),
  ])('%j is not a time zone', (name) => {
    expect(parseTimeZone(name)).toBeNull();
  });
});

describe('the clocks of a time zone', () => {
  it('differ from UTC by whole minutes', () => {
    expect(offsetAt('UTC', 0)).toBe(0);
    expect(offsetAt('Asia/Kathmandu', Date.parse('2026-01-01T00:00Z'))).toBe(345 * 60_000);
    expect(offsetAt('America/New_York', Date.parse('2026-07-01T00:00:00.999Z'))).toBe(-240 * 60_000);
  });

  it('change at an instant that is found', () => {
    const day = (text: string) => Date.parse(text);
    expect(findTransition('Europe/Berlin', day('2026-03-28T12:00Z'), day('2026-03-29T12:00Z'))).toBe(
      day('2026-03-29T01:00Z'),
    );
    expect(findTransition('Australia/Lord_Howe', day('2026-10-03T12:00Z'), day('2026-10-04T00:00Z'))).toBe(
      day('2026-10-03T15:30Z'),
    );
    expect(findTransition('UTC', day('2026-01-01T00:00Z'), day('2027-01-01T00:00Z'))).toBeNull();
  });
});
