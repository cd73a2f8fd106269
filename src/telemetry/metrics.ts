import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Backlog } from '../domain/ops/overview.js';
import type { WebhookLag } from '../domain/webhooks/webhook.js';
import type { Clock } from '../kernel/clock.js';
import type { Instrument, Signal } from '../kernel/instrument.js';
import { waitAtMost } from '../kernel/with-deadline.js';
import { createCachedReading, MAX_WAIT_MS } from './cached-reading.js';
import { createMetricSet, type MetricSet } from './metric-set.js';

interface PoolUse {
  readonly total: number;
  readonly idle: number;
  readonly waiting: number;
}

/** Values that no signal carries. They are read when the metrics are scraped. */
export interface Readings {
  /** Connections of each pool, and statements that wait for one. */
  pools(): Readonly<Record<'main' | 'reads', PoolUse>>;
  /** Whether the database answers. */
  isReachable(): Promise<boolean>;
  /** The tasks and events that wait in the database. Rejects while the database is unavailable. */
  backlog(): Promise<Backlog>;
  /** How far the webhooks are behind. Rejects while the database is unavailable. */
  webhooks(): Promise<WebhookLag>;
}

/** The metrics of one process. */
export interface Metrics {
  /** Adds the values that must be read at each scrape. */
  watch(readings: Readings, facts: { readonly version: string }): void;
  /** All metrics in Prometheus' text format, within about a second even if the database does not answer. */
  render(): Promise<RenderedMetrics>;
}

/** The answer to a scrape. */
export interface RenderedMetrics {
  readonly contentType: string;
  readonly text: string;
}

/** Creates the metrics of a process and counts the instrument's signals from now on. */
export function createMetrics(instrument: Instrument, clock: Clock): Metrics {
  const registry = new Registry();
  const metrics = createMetricSet(registry);
  let refresh = async (): Promise<void> => undefined;
  instrument.listen((signal) => count(metrics, signal));
  for (const kind of ['graphql', 'plain']) metrics.subscribers.record(0, { kind });
  // Default metrics of Node, under the names that its common dashboards expect.
  collectDefaultMetrics({ register: registry });
  return {
    watch({ pools, isReachable, backlog, webhooks }, { version }) {
      const read = createCachedReading(backlog, clock);
      const readLag = createCachedReading(webhooks, clock);
      metrics.build.record(1, { version });
      refresh = async () => {
        for (const [pool, use] of Object.entries(pools())) showPool(metrics, pool, use);
        const [isUp, found, lag] = await Promise.all([answersInTime(isReachable), read(), readLag()]);
        metrics.databaseUp.record(isUp ? 1 : 0);
        showBacklog(metrics, isUp ? found : null);
        showWebhooks(metrics, isUp ? lag : null);
      };
    },
    async render() {
      await refresh();
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

type Facts = Signal['facts'];

/** What to record for each signal. Signals come with every request, so the lookup by name must be cheap. */
const COUNTS: Readonly<Record<string, (metrics: MetricSet, facts: Facts) => void>> = {
  'http.request': countRequest,
  'graphql.operation': countOperation,
  'claim.answered': ({ claims }, { reason }) => claims.record(1, { reason }),
  'lease.lost': ({ lateCalls }) => lateCalls.record(1),
  'events.appended': ({ events, ...others }, facts) => {
    for (const [type, count] of countTypes(facts)) {
      events.record(count, { type });
      countRunEvents(others, type, count);
    }
  },
  'webhook.attempted': ({ webhookDeliveries, webhookSeconds }, { outcome, durationMs }) => {
    webhookDeliveries.record(1, { outcome });
    webhookSeconds.record(Number(durationMs) / 1_000);
  },
  'streams.changed': ({ subscribers }, { open, kind }) => subscribers.record(Number(open), { kind }),
  'job.finished': ({ jobSeconds, jobHandled }, { job, durationMs, handled }) => {
    jobSeconds.record(Number(durationMs) / 1_000, { job });
    jobHandled.record(Number(handled), { job });
  },
  'job.run_failed': ({ jobSeconds, jobFailures }, { job, durationMs }) => {
    jobSeconds.record(Number(durationMs) / 1_000, { job });
    jobFailures.record(1, { job });
  },
};

function count(metrics: MetricSet, { name, level, facts }: Signal): void {
  COUNTS[name]?.(metrics, facts);
  if (level !== 'trace' && level !== 'debug') metrics.logLines.record(1, { level });
}

function countRequest({ requests, requestSeconds }: MetricSet, facts: Facts): void {
  const { method, route, status, durationMs, isComplete, isStream } = facts;
  const statusClass = isComplete === true ? `${String(status)[0]}xx` : 'gone';
  requests.record(1, { method, route, status: statusClass });
  if (isStream !== true) requestSeconds.record(Number(durationMs) / 1_000, { route });
}

function countOperation({ operations, operationSeconds }: MetricSet, facts: Facts): void {
  const { operation, durationMs } = facts;
  operations.record(1, { operation });
  if (durationMs !== undefined) operationSeconds.record(Number(durationMs) / 1_000, { operation });
}

/** Counts the events by type: a batch of claims appends dozens of events of two types. */
function countTypes({ events }: Facts): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { type } of events as readonly { readonly type: string }[])
    counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}

function countRunEvents(
  { runsStarted, runsEnded, leaseLosses }: Omit<MetricSet, 'events'>,
  type: string,
  count: number,
): void {
  if (!type.startsWith('run.') || type === 'run.progress') return;
  if (type === 'run.started') runsStarted.record(count);
  else runsEnded.record(count, { outcome: type.slice('run.'.length) });
  if (type === 'run.requeued') leaseLosses.record(count);
}

async function answersInTime(isReachable: Readings['isReachable']): Promise<boolean> {
  let isUp = false;
  const asking = isReachable().then(
    (answer) => {
      isUp = answer;
    },
    () => undefined,
  );
  await waitAtMost(MAX_WAIT_MS, asking);
  return isUp;
}

function showPool({ poolConnections, poolWaiting }: MetricSet, pool: string, use: PoolUse): void {
  poolConnections.record(use.total - use.idle, { pool, state: 'busy' });
  poolConnections.record(use.idle, { pool, state: 'idle' });
  poolWaiting.record(use.waiting, { pool });
}

function showBacklog(metrics: MetricSet, backlog: Backlog | null): void {
  const { tasks, oldestWaiting, feedLag } = metrics;
  if (backlog === null) {
    for (const metric of [tasks, oldestWaiting, feedLag]) metric.hide();
    return;
  }
  tasks.record(backlog.inbox, { status: 'INBOX' });
  tasks.record(backlog.assigned, { status: 'ASSIGNED' });
  tasks.record(backlog.inProgress, { status: 'IN_PROGRESS' });
  tasks.record(backlog.inputRequired, { status: 'INPUT_REQUIRED' });
  tasks.record(backlog.review, { status: 'REVIEW' });
  oldestWaiting.record(backlog.oldestWaitingSeconds);
  feedLag.record(backlog.feedLagSeconds);
}

function showWebhooks({ webhookLag, webhooksPaused }: MetricSet, lag: WebhookLag | null): void {
  if (lag === null) {
    for (const metric of [webhookLag, webhooksPaused]) metric.hide();
    return;
  }
  webhookLag.record(lag.events);
  webhooksPaused.record(lag.paused);
}
