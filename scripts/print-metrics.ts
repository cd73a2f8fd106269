// Writes the table of metrics into docs/operations.md: npx tsx scripts/print-metrics.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type LabelValues,
  METRIC_PREFIX,
  METRICS,
  type MetricKind,
} from '../src/telemetry/metric-catalog.js';

const begin = '<!-- metrics:begin, written by scripts/print-metrics.ts -->';
const end = '<!-- metrics:end -->';

/** Replaces the table of metrics by a current one. @throws Error if the document has no markers. */
export function withMetricsTable(document: string): string {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the document has no "${begin}" … "${end}"`);
  return `${document.slice(0, from + begin.length)}\n\n${metricsTable()}\n\n${document.slice(to)}`;
}

function metricsTable(): string {
  const head = ['| Metric | Kind | Labels | Meaning |', '| --- | --- | --- | --- |'];
  return [...head, ...Object.values(METRICS).map(metricRow)].join('\n');
}

function metricRow({ name, type, labels, help }: MetricKind): string {
  const described = Object.entries(labels).map(([label, values]) => `${label}: ${describe(values)}`);
  return `| \`${METRIC_PREFIX}${name}\` | ${type} | ${described.join('; ') || '–'} | ${help} |`;
}

function describe(values: LabelValues): string {
  return 'words' in values ? values.words : values.map((value) => `\`${value}\``).join(', ');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const page = fileURLToPath(new URL('../docs/operations.md', import.meta.url));
  writeFileSync(page, withMetricsTable(readFileSync(page, 'utf8')));
}
