import { METRIC_PREFIX } from '../../../src/telemetry/metric-catalog.js';

/** Parses the samples of a scrape, by name without the common prefix and with sorted labels. */
export function readSamples(text: string): Record<string, number> {
  const samples: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!match || line.startsWith('#')) continue;
    const [, name = '', labels, value] = match;
    const sorted =
      labels === undefined
        ? ''
        : `{${labels
            .split(/,(?=\w+=")/)
            .sort()
            .join(',')}}`;
    samples[name.replace(METRIC_PREFIX, '') + sorted] = Number(value);
  }
  return samples;
}
