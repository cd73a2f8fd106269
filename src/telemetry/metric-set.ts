import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { type LabelValues, METRIC_PREFIX, METRICS, type MetricKind } from './metric-catalog.js';

/** What is counted for a value that a label does not have. */
const OTHER = 'other';

/** A label whose values the catalog does not list has at most so many. */
const MAX_VALUES = 100;

/** Series that are shown as 0 before anything has happened, if the catalog lists so few. */
const MAX_ZEROS = 10;

/** One metric. `value` is added to a counter, observed by a histogram, and becomes what a gauge shows. */
export interface Metric<Label extends string = string> {
  tell(value: number, labels?: Readonly<Partial<Record<Label, unknown>>>): void;
  /** A gauge whose value is not known is not shown. */
  forget(): void;
}

export type MetricSet = {
  readonly [Key in keyof typeof METRICS]: Metric<Extract<keyof (typeof METRICS)[Key]['labels'], string>>;
};

/** All metrics of the catalog in a registry. Whatever is told to them, their labels stay within bounds. */
export function createMetricSet(registry: Registry): MetricSet {
  const entries = Object.entries(METRICS).map(([key, kind]) => [key, createMetric(kind, registry)]);
  return Object.fromEntries(entries) as MetricSet;
}

function createMetric(kind: MetricKind, registry: Registry): Metric {
  const { tell, reset } = createTeller(kind, registry);
  const bounds = Object.entries(kind.labels).map(([label, values]) => ({
    label,
    bound: createBound(values),
  }));
  if (kind.type !== 'gauge') for (const labels of listCombinations(kind)) tell(0, labels);
  return {
    tell(value, given = {}) {
      const labels: Record<string, string> = {};
      for (const { label, bound } of bounds) labels[label] = bound(String(given[label] ?? OTHER));
      tell(value, labels);
    },
    forget: reset,
  };
}

function createTeller({ type, name, help, labels, buckets = [] }: MetricKind, registry: Registry) {
  const options = {
    name: METRIC_PREFIX + name,
    help,
    labelNames: Object.keys(labels),
    registers: [registry],
  };
  if (type === 'histogram') {
    const histogram = new Histogram({ ...options, buckets: [...buckets] });
    return teller((value, at) => histogram.observe(at, value), histogram);
  }
  if (type === 'counter') {
    const counter = new Counter(options);
    return teller((value, at) => counter.inc(at, value), counter);
  }
  const gauge = new Gauge(options);
  const told = teller((value, at) => gauge.set(at, value), gauge);
  told.reset();
  return told;
}

function teller(
  tell: (value: number, labels: Record<string, string>) => void,
  metric: Pick<Gauge, 'reset' | 'remove'>,
) {
  function reset(): void {
    metric.reset();
    // One without labels is 0 again after a reset.
    metric.remove({});
  }
  return { tell, reset };
}

function createBound(values: LabelValues): (value: string) => string {
  if ('words' in values) {
    const seen = new Set<string>();
    return (value) => {
      if (seen.has(value)) return value;
      if (seen.size >= MAX_VALUES) return OTHER;
      seen.add(value);
      return value;
    };
  }
  const allowed = new Set(values);
  return (value) => (allowed.has(value) ? value : OTHER);
}

/** Every set of labels, if the catalog lists them all and they are few. */
function listCombinations({ type, labels }: MetricKind): Record<string, string>[] {
  let all: Record<string, string>[] = [{}];
  for (const [label, values] of Object.entries(labels)) {
    if ('words' in values) return [];
    all = all.flatMap((one) => values.map((value) => ({ ...one, [label]: value })));
  }
  return all.length > MAX_ZEROS || type === 'histogram' ? [] : all;
}
