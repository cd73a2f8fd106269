import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aKeyOf, anAgent } from '../../support/factories/factory.js';
import { type Graph, openGraph } from '../../support/graphql/graph.js';

let graph: Graph;
beforeAll(async () => {
  graph = await openGraph();
});
afterAll(() => graph.close());

describe('previewSchedule', () => {
  const preview = (args: string) =>
    graph.ask(`{ previewSchedule(${args}) { valid message cron text nextRuns } }`);

  it('answers the meaning of a schedule and its due times, across a daylight saving change', async () => {
    const { data } = await preview(
      'schedule: "daily at 14:30", timeZone: "America/New_York", count: 2, from: "2026-03-07T12:00:00Z"',
    );
    expect(data?.previewSchedule).toEqual({
      valid: true,
      message: null,
      cron: '30 14 * * *',
      text: 'At 14:30',
      nextRuns: ['2026-03-07T19:30:00.000Z', '2026-03-08T18:30:00.000Z'],
    });
  });

  it('answers five due times from now in UTC by default', async () => {
    const now = async () => Number((await graph.services.sql<{ now: Date }>('SELECT now()'))[0]?.now);
    const before = await now();
    const { data } = await preview('schedule: "every 5 minutes"');
    const times: string[] = data?.previewSchedule.nextRuns;
    expect(times).toHaveLength(5);
    expect(Date.parse(times[0] ?? '')).toBeGreaterThanOrEqual(before);
    expect(Date.parse(times[0] ?? '')).toBeLessThanOrEqual((await now()) + 300_000);
  });

  it('answers mistakes as data', async () => {
    const { data } = await preview('schedule: "every day at 9 in Berlin"');
    expect(data?.previewSchedule).toEqual({
      valid: false,
      message: expect.stringContaining(
        'I understand \\"every day at 9 in\\", but not \\"berlin\\"'.replaceAll('\\', ''),
      ),
      cron: null,
      text: null,
      nextRuns: [],
    });
  });

  it.each([
    ['count: 51', 'must be from 0 to 50'],
    ['count: -1', 'must be from 0 to 50'],
    ['count: 1000000000', 'complexity'],
    ['from: "0001-01-01T00:00:00Z"', 'between 1970 and 9999'],
    ['timeZone: "Nowhere/Land"', 'not an IANA time zone'],
    ['timeZone: "+02:00"', 'not an IANA time zone'],
    [`timeZone: "${'x'.repeat(5_000)}"`, 'not an IANA time zone'],
  ])('refuses %s', async (args, message) => {
    const { errors } = await preview(`schedule: "daily", ${args}`);
    expect(errors?.[0]?.message).toContain(message);
  });

  it('answers fewer due times at the end of the time range', async () => {
    const { data } = await preview('schedule: "yearly", from: "9998-06-01T00:00:00Z", count: 10');
    expect(data?.previewSchedule.nextRuns).toEqual(['9999-01-01T00:00:00.000Z']);
  });

  it('is allowed to agent keys as well', async () => {
    const key = await aKeyOf(graph.services, await anAgent(graph.services));
    const answer = await graph.get('{ previewSchedule(schedule: "hourly") { valid } }', {}, key);
    expect(answer.previewSchedule.valid).toBe(true);
  });
});
