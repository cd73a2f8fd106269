import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { withEvents } from '../../scripts/print-events.js';
import { PAYLOAD_FIELDS } from '../../src/domain/events/event-payload.js';
import { EVENT_KINDS, expandEventFilter } from '../../src/domain/events/event-types.js';
import { serverLimits } from '../../src/server/limits.js';
import { parseEventStreamQuery } from '../../src/server/sse/event-stream-query.js';

const page = readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8');

/** The names in the first column of the table whose first column has this heading. */
function firstCells(heading: string): string[] {
  const rows = page.split('\n');
  const start = rows.findIndex((line) => line.startsWith(`| ${heading} |`));
  const after = rows.slice(start + 2);
  const table = after.slice(
    0,
    after.findIndex((line) => !line.startsWith('|')),
  );
  return table.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`(\w[\w.]*)`/g)].map(([, name]) => name ?? ''),
  );
}

describe('docs/events.md', () => {
  it('is what the code prints; if not, run npx tsx scripts/print-events.ts', () => {
    expect(withEvents(page)).toBe(page);
  });

  it('has one row for each type and each field of a payload', () => {
    expect(firstCells('Type')).toEqual(Object.keys(EVENT_KINDS));
    expect(firstCells('Payload field')).toEqual(Object.keys(PAYLOAD_FIELDS));
  });

  it('names the parameters that the stream takes', () => {
    const names = firstCells('Parameter');
    expect(names).toHaveLength(6);
    const url = `/api/events?${names.map((name) => `${name}=x`).join('&')}`;
    expect(Object.keys(parseEventStreamQuery({ url, headers: {} } as never)).sort()).toEqual(names.sort());
  });

  it('leads pages with many streams to one WebSocket, with its limit, before their connections are used up', () => {
    const browsers = /\*\*Browsers\.\*\*.*?\n\n/s.exec(page)?.[0].replaceAll('\n', ' ');
    expect(browsers).toContain('at most six HTTP/1.1 connections');
    const { maxSubscriptionsPerSocket: limit } = serverLimits;
    expect(browsers).toContain(`one WebSocket, which carries up to ${limit} subscriptions`);
  });

  it('shows how to subscribe to failed tasks alone', () => {
    expect(page).toMatch(/```graphql\nsubscription.*types: \["task\.failed"\].*reason.*?\n```/s);
  });

  it('is refused where the markers are missing', () => {
    expect(() => withEvents('# Events')).toThrow(/events:begin/);
  });
});

describe('the payload of events', () => {
  it('is described by one sentence for each field, with events that exist', () => {
    for (const { meaning, of } of Object.values(PAYLOAD_FIELDS)) {
      expect(meaning).toMatch(/^[A-Z].*\.$/);
      expect(of.map(expandEventFilter)).not.toContain(null);
    }
  });
});
