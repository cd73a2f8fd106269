import { describe, expect, it } from 'vitest';
import { dateTitle } from '../../../src/domain/schedule/dated-title.js';

const at = new Date('2026-11-22T23:05:00Z');

describe('the title of a task of a recurring task', () => {
  it('ends with the date if there is at most one task per day', () => {
    expect(dateTitle('Report', { cron: '5 23 * * *', timeZone: 'UTC' }, at)).toBe('Report - Nov 22');
    expect(dateTitle('Report', { cron: '5 23 * * 0', timeZone: 'UTC' }, at)).toBe('Report - Nov 22');
  });

  it('ends with date and time if there may be several tasks per day', () => {
    for (const cron of ['5 * * * *', '5 */2 * * *', '5,10 23 * * *', '5 11,23 * * *'])
      expect(dateTitle('Report', { cron, timeZone: 'UTC' }, at)).toBe('Report - Nov 22, 23:05');
  });

  it('has the date in the time zone of the schedule', () => {
    expect(dateTitle('Report', { cron: '5 0 * * *', timeZone: 'Europe/Berlin' }, at)).toBe('Report - Nov 23');
    expect(dateTitle('Report', { cron: '5 * * * *', timeZone: 'Asia/Kathmandu' }, at)).toBe(
      'Report - Nov 23, 04:50',
    );
  });

  it('writes midnight as 00:00', () => {
    const midnight = new Date('2026-11-22T00:00:00Z');
    expect(dateTitle('Report', { cron: '0 * * * *', timeZone: 'UTC' }, midnight)).toBe(
      'Report - Nov 22, 00:00',
    );
  });

  it('keeps the date of a title of maximum length, and splits no surrogate pair', () => {
    const dated = dateTitle('🚀'.repeat(250), { cron: '0 9 * * *', timeZone: 'UTC' }, at);
    expect(dated.length).toBeLessThanOrEqual(500);
    expect(dated).toMatch(/^(🚀)+… - Nov 22$/u);
  });
});
