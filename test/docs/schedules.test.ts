import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { withPhrases } from '../../scripts/print-schedules.js';
import { parseSchedule } from '../../src/domain/schedule/schedule.js';
import { PHRASES } from '../domain/schedule/english/phrases.js';

const page = readFileSync(new URL('../../docs/schedules.md', import.meta.url), 'utf8');

describe('docs/schedules.md', () => {
  it('shows the phrases that are understood; if not, run npx tsx scripts/print-schedules.ts', () => {
    expect(withPhrases(page)).toBe(page);
  });

  it('shows each of them once, with the expression that the tests expect', () => {
    const shown = [...page.matchAll(/^\| ([^|]+) \| `([^`]+)` \| [^|]+ \|$/gm)].map(([, phrase, cron]) => [
      phrase,
      cron,
    ]);
    expect(shown).toEqual(PHRASES.flatMap(({ phrases }) => phrases.map((pair) => [...pair])));
  });

  it('names valid expressions that are accepted, and refused ones that are refused', () => {
    for (const cron of [
      '0 0 13 * 5',
      '*/7 * * * *',
      '0 0 L * *',
      '0 0 * * 1#2',
      '0 0 * * 5L',
      '0 0 * * fri-sun',
    ])
      expect(parseSchedule(cron).text).not.toBe('');
    for (const nickname of page.match(/`@\w+`/g) ?? [])
      expect(parseSchedule(nickname.replaceAll('`', '')).text).not.toBe('');
    for (const phrase of [
      'every 7 minutes',
      'every 5 hours',
      'every 2 days',
      'every other week',
      '9:00 and 17:30',
    ])
      expect(() => parseSchedule(phrase)).toThrow('is not a schedule');
  });

  it('is refused where the markers are missing', () => {
    expect(() => withPhrases('# Schedules')).toThrow(/phrases:begin/);
  });
});
