import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { type LabelValues, METRIC_PREFIX, METRICS, type MetricKind } from './metric-catalog.js';

/** The label value that replaces every value outside the catalog's list. */
const OTHER = 'other';

/** The maximum number of values of a label whose values the catalog does not list. */
const MAX_VALUES = 100;

/** A metric with at most this many series shows them as 0 from the start. */
const MAX_ZEROS = 10;

/** One metric. */
export interface Metric<Label extends string = string> {
  /** Adds the value to a counter, observes it in a histogram, or sets a gauge to it. */
  record(value: number, labels?: Readonly<Partial<Record<Label, unknown>>>): void;
  /** Hides a gauge until its next value, because its current value is unknown. */
  hide(): void;
}

/** All metrics of the catalog, by their keys there. */
export type MetricSet = {
  readonly [Key in keyof typeof METRICS]: Metric<Extract<keyof (typeof METRICS)[Key]['labels'], string>>;
};

/** Creates all metrics of the catalog in a registry. Their labels stay within bounds for every recorded value. */
export function createMetricSet(registry: Registry): MetricSet {
  const entries = Object.entries(METRICS).map(([key, kind]) => [key, createMetric(kind, registry)]);
  return Object.fromEntries(entries) as MetricSet;
}

function createMetric(kind: MetricKind, registry: Registry): Metric {
  const { record, reset } = createRecorder(kind, registry);
  const bounds = Object.entries(kind.labels).map(([label, values]) => ({
    label,
    bound: createBound(values),
  }));
  if (kind.type !== 'gauge') for (const labels of listCombinations(kind)) record(0, labels);
  return {
    record(value, given = {}) {
      const labels: Record<string, string> = {};
      for (const { label, bound } of bounds) labels[label] = bound(String(given[label] ?? OTHER));
      record(value, labels);
    },
    hide: reset,
  };
}

function createRecorder({ type, name, help, labels, buckets = [] }: MetricKind, registry: Registry) {
  const options = {
    name: METRIC_PREFIX + name,
    help,
    labelNames: Object.keys(labels),
    registers: [registry],
  };
  if (type === 'histogram') {
    const histogram = new Histogram({ ...options, buckets: [...buckets] });
    return recorder((value, at) => histogram.observe(at, value), histogram);
  }
  if (type === 'counter') {
    const counter = new Counter(options);
    return recorder((value, at) => counter.inc(at, value), counter);
  }
  const gauge = new Gauge(options);
  const hidden = recorder((value, at) => gauge.set(at, value), gauge);
  hidden.reset();
  return hidden;
}

function recorder(
  record: (value: number, labels: Record<string, string>) => void,
  metric: Pick<Gauge, 'reset' | 'remove'>,
) {
  function reset(): void {
    metric.reset();
    // After a reset, a metric without labels shows 0 until it is removed.
    metric.remove({});
  }
  return { record, reset };
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

/** Every combination of label values, if the catalog lists all of them and they are few. */
function listCombinations({ type, labels }: MetricKind): Record<string, string>[] {
  let all: Record<string, string>[] = [{}];
  for (const [label, values] of Object.entries(labels)) {
    if ('words' in values) return [];
    all = all.flatMap((one) => values.map((value) => ({ ...one, [label]: value })));
  }
  return all.length > MAX_ZEROS || type === 'histogram' ? [] : all;
}
