import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Clock } from '../kernel/clock.js';
import type { Instrument, Signal } from '../kernel/instrument.js';
import { waitAtMost } from '../kernel/with-deadline.js';
import { createPatientReading, PATIENCE_MS } from './cached-reading.js';
import { createMetricSet, type MetricSet } from './metric-set.js';

/** What is asked for when somebody looks, because nobody tells of it. */
export interface Readings {
  /** Connections of the pool, and who waits for one. */
  pool(): { readonly total: number; readonly idle: number; readonly waiting: number };
  /** Whether the database answers. */
  isReachable(): Promise<boolean>;
  /** What only the database knows. Rejects while it is away. */
  backlog(): Promise<BacklogReading>;
}

export interface BacklogReading {
  readonly inbox: number;
  readonly assigned: number;
  readonly inProgress: number;
  readonly review: number;
  readonly oldestWaitingSeconds: number;
  readonly feedLagSeconds: number;
}

/** The metrics of one process. */
export interface Metrics {
  /** Also shows from now on what must be asked for. */
  watch(readings: Readings, facts: { readonly version: string }): void;
  /** All of them in Prometheus' text format, within a second or so whatever the database does. */
  render(): Promise<RenderedMetrics>;
}

export interface RenderedMetrics {
  readonly contentType: string;
  readonly text: string;
}

/** Counts what the instrument tells. */
export function createMetrics(instrument: Instrument, clock: Clock): Metrics {
  const registry = new Registry();
  const metrics = createMetricSet(registry);
  let refresh = async (): Promise<void> => undefined;
  instrument.listen((signal) => count(metrics, signal));
  for (const kind of ['graphql', 'plain']) metrics.subscribers.tell(0, { kind });
  // By the names that every dashboard for Node expects.
  collectDefaultMetrics({ register: registry });
  return {
    watch({ pool, isReachable, backlog }, { version }) {
      const read = createPatientReading(backlog, clock);
      metrics.build.tell(1, { version });
      refresh = async () => {
        showPool(metrics, pool());
        const [isUp, found] = await Promise.all([answersInTime(isReachable), read()]);
        metrics.databaseUp.tell(isUp ? 1 : 0);
        showBacklog(metrics, isUp ? found : null);
      };
    },
    async render() {
      await refresh();
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

type Facts = Signal['facts'];

/** What each signal counts for. Most signals are about a request, so finding theirs must be cheap. */
const COUNTS: Readonly<Record<string, (metrics: MetricSet, facts: Facts) => void>> = {
  'http.request': countRequest,
  'graphql.operation': countOperation,
  'claim.answered': ({ claims }, { reason }) => claims.tell(1, { reason }),
  'lease.lost': ({ lateCalls }) => lateCalls.tell(1),
  'events.appended': ({ events, ...others }, facts) => {
    for (const [type, count] of countTypes(facts)) {
      events.tell(count, { type });
      countRunEvents(others, type, count);
    }
  },
  'streams.changed': ({ subscribers }, { open, kind }) => subscribers.tell(Number(open), { kind }),
  'job.finished': ({ jobSeconds, jobHandled }, { job, durationMs, handled }) => {
    jobSeconds.tell(Number(durationMs) / 1_000, { job });
    jobHandled.tell(Number(handled), { job });
  },
  'job.turn_failed': ({ jobSeconds, jobFailures }, { job, durationMs }) => {
    jobSeconds.tell(Number(durationMs) / 1_000, { job });
    jobFailures.tell(1, { job });
  },
};

function count(metrics: MetricSet, { name, level, facts }: Signal): void {
  COUNTS[name]?.(metrics, facts);
  if (level !== 'trace' && level !== 'debug') metrics.logLines.tell(1, { level });
}

function countRequest({ requests, requestSeconds }: MetricSet, facts: Facts): void {
  const { method, route, status, durationMs, isComplete, isStream } = facts;
  const statusClass = isComplete === true ? `${String(status)[0]}xx` : 'gone';
  requests.tell(1, { method, route, status: statusClass });
  if (isStream !== true) requestSeconds.tell(Number(durationMs) / 1_000, { route });
}

function countOperation({ operations, operationSeconds }: MetricSet, facts: Facts): void {
  const { operation, durationMs } = facts;
  operations.tell(1, { operation });
  if (durationMs !== undefined) operationSeconds.tell(Number(durationMs) / 1_000, { operation });
}

/** A batch of claims appends dozens of events of two types. */
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
  if (type === 'run.started') runsStarted.tell(count);
  else runsEnded.tell(count, { outcome: type.slice('run.'.length) });
  if (type === 'run.requeued') leaseLosses.tell(count);
}

async function answersInTime(isReachable: Readings['isReachable']): Promise<boolean> {
  let isUp = false;
  const asking = isReachable().then(
    (answer) => {
      isUp = answer;
    },
    () => undefined,
  );
  await waitAtMost(PATIENCE_MS, asking);
  return isUp;
}

function showPool({ poolConnections, poolWaiting }: MetricSet, pool: ReturnType<Readings['pool']>): void {
  poolConnections.tell(pool.total - pool.idle, { state: 'busy' });
  poolConnections.tell(pool.idle, { state: 'idle' });
  poolWaiting.tell(pool.waiting);
}

function showBacklog(metrics: MetricSet, backlog: BacklogReading | null): void {
  const { tasks, oldestWaiting, feedLag } = metrics;
  if (backlog === null) {
    for (const metric of [tasks, oldestWaiting, feedLag]) metric.forget();
    return;
  }
  tasks.tell(backlog.inbox, { status: 'INBOX' });
  tasks.tell(backlog.assigned, { status: 'ASSIGNED' });
  tasks.tell(backlog.inProgress, { status: 'IN_PROGRESS' });
  tasks.tell(backlog.review, { status: 'REVIEW' });
  oldestWaiting.tell(backlog.oldestWaitingSeconds);
  feedLag.tell(backlog.feedLagSeconds);
}
