import { describe, expect, it } from 'vitest';
import { readInstant } from '../../src/cli/input/instants.js';

/** Sunday, 10:30 in the time zone of this machine. */
const now = Date.parse('2026-11-29T10:30:00');
const local = (text: string) => new Date(text).toISOString();

describe('a time on the command line', () => {
  it.each([
    ['2026-12-01T18:00:00Z', 'due', '2026-12-01T18:00:00Z'],
    ['2026-12-01T18:00:00+01:00', 'past', '2026-12-01T18:00:00+01:00'],
    ['now', 'past', local('2026-11-29T10:30:00')],
    ['2h', 'due', local('2026-11-29T12:30:00')],
    ['2h', 'past', local('2026-11-29T08:30:00')],
    ['in 1d 4h', 'past', local('2026-11-30T14:30:00')],
    ['90 s ago', 'due', local('2026-11-29T10:28:30')],
    ['1w', 'start', local('2026-12-06T10:30:00')],
    ['tomorrow 9:00', 'due', local('2026-11-30T09:00:00')],
    ['Tomorrow at 09:00', 'start', local('2026-11-30T09:00:00')],
    ['tomorrow', 'start', local('2026-11-30T00:00:00')],
    ['tomorrow', 'due', local('2026-11-30T23:59:59')],
    ['yesterday', 'past', local('2026-11-28T00:00:00')],
    ['2026-12-01', 'due', local('2026-12-01T23:59:59')],
    ['2026-12-01', 'past', local('2026-12-01T00:00:00')],
    ['2026-12-01 18:00', 'due', local('2026-12-01T18:00:00')],
    ['18:00', 'due', local('2026-11-29T18:00:00')],
    ['9:00', 'due', local('2026-11-30T09:00:00')],
    ['18:00', 'past', local('2026-11-28T18:00:00')],
  ] as const)('%s, with %s in mind, is %s', (written, kind, instant) => {
    expect(readInstant(written, kind, now)).toBe(instant);
  });

  it.each([
    'soon',
    '',
    '2026-02-30',
    '25:00',
    '2026-13-01',
    'in 2h ago',
    '12',
    'tomorrow 9',
    '2026-12-01T99:00Z',
  ])('refuses "%s"', (written) => {
    expect(readInstant(written, 'due', now)).toBeNull();
  });
});
