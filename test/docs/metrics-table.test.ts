import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { withMetricsTable } from '../../scripts/print-metrics.js';
import { METRIC_PREFIX, METRICS } from '../../src/telemetry/metric-catalog.js';

const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');

describe('the table of metrics in docs/operations.md', () => {
  it('is what the code prints; if not, run npx tsx scripts/print-metrics.ts', () => {
    expect(withMetricsTable(page)).toBe(page);
  });

  it('is refused where the markers are missing', () => {
    expect(() => withMetricsTable('# Operations')).toThrow(/metrics:begin/);
  });

  it('has every metric that the text names', () => {
    const known = Object.values(METRICS).map(({ name }) => METRIC_PREFIX + name);
    const named = [...page.matchAll(/`(mission_control_[a-z_]+)/g)].map((match) => match[1] ?? '');
    const unknown = named.filter((name) => !known.includes(name));
    expect(unknown).toEqual([]);
  });
});
