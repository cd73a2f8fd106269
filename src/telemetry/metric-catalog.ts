/** The values of a label: a closed list, or a description of a list that is elsewhere in the code. */
export type LabelValues = readonly string[] | { readonly words: string };

/** One metric: its type, name, meaning and labels. */
export interface MetricKind {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** The name without the common prefix. */
  readonly name: string;
  readonly help: string;
  readonly labels: Readonly<Record<string, LabelValues>>;
  /** The upper bounds of a histogram's buckets, in seconds. */
  readonly buckets?: readonly number[];
}

/** The common prefix of all metric names. */
export const METRIC_PREFIX = 'mission_control_';

const methods = ['GET', 'HEAD', 'POST', 'OPTIONS'];
// Only paths of the router's list, so that unknown paths do not create series.
const routes = { words: 'paths of the server, such as `/graphql`, or `other`' };
const statuses = ['1xx', '2xx', '3xx', '4xx', '5xx', 'gone'];
const operations = ['query', 'mutation', 'subscription'];
const claimReasons = ['ASSIGNED', 'CONTINUE_CURRENT', 'AT_CAPACITY', 'NO_TASKS_AVAILABLE', 'AGENT_PAUSED'];
const runOutcomes = ['succeeded', 'failed', 'timed_out', 'released', 'requeued', 'cancelled'];
const jobs = { words: 'names of `schedulerJobs`' };

const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const jobBuckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600, 1_800];

/**
 * Every metric of the server. A label never contains a value that a caller can choose or that grows with use: no
 * operation names, addresses, agents, tasks or keys. The table in docs/operations.md derives from this list.
 */
export const METRICS = {
  requests: counter(
    'http_requests_total',
    'HTTP requests that have ended; `gone` if the client disconnected before the answer.',
    {
      method: methods,
      route: routes,
      status: statuses,
    },
  ),
  requestSeconds: histogram(
    'http_request_duration_seconds',
    'Time from a request to the end of its answer, without streams.',
    { route: routes },
    requestBuckets,
  ),
  operations: counter(
    'graphql_operations_total',
    'GraphQL operations over HTTP and WebSockets, without queries by GET.',
    {
      operation: operations,
    },
  ),
  operationSeconds: histogram(
    'graphql_operation_duration_seconds',
    'Duration of a query or mutation, including the wait of long polls.',
    { operation: ['query', 'mutation'] },
    requestBuckets,
  ),
  claims: counter('claims_total', 'Answers to `claimNextTask`.', { reason: claimReasons }),
  runsStarted: counter('runs_started_total', 'Runs that this process has started.', {}),
  runsEnded: counter('runs_ended_total', 'Runs that this process has ended.', { outcome: runOutcomes }),
  leaseLosses: counter('lease_losses_total', 'Runs requeued because the lease of the agent had ended.', {}),
  lateCalls: counter('lease_lost_calls_total', 'Calls refused with `LEASE_LOST`.', {}),
  events: counter(
    'events_appended_total',
    'Events that this process has appended to the log, without the `agent.status_changed` events of claims.',
    {
      type: { words: '[event types](events.md)' },
    },
  ),
  jobSeconds: histogram('job_duration_seconds', 'Duration of a run of a job.', { job: jobs }, jobBuckets),
  jobHandled: counter('job_handled_total', 'Tasks, agents or rows that a job has changed.', { job: jobs }),
  jobFailures: counter('job_failures_total', 'Turns of a job that failed.', { job: jobs }),
  logLines: counter('log_lines_total', 'Log lines, including those that the log level hides.', {
    level: ['info', 'warn', 'error'],
  }),
  subscribers: gauge(
    'subscribers',
    'Open event streams: GraphQL subscriptions and streams of `/api/events`.',
    {
      kind: ['graphql', 'plain'],
    },
  ),
  poolConnections: gauge(
    'database_pool_connections',
    'Connections of the PostgreSQL pools, without the connections for claims and for LISTEN.',
    {
      pool: ['main', 'reads'],
      state: ['busy', 'idle'],
    },
  ),
  poolWaiting: gauge('database_pool_waiting', 'Statements that wait for a connection.', {
    pool: ['main', 'reads'],
  }),
  databaseUp: gauge('database_up', '1 if the database answered in time during this scrape, else 0.', {}),
  tasks: gauge('tasks', 'Open tasks of all agents and of the inbox.', {
    status: ['INBOX', 'ASSIGNED', 'IN_PROGRESS', 'INPUT_REQUIRED', 'REVIEW'],
  }),
  oldestWaiting: gauge(
    'oldest_waiting_task_seconds',
    'Age of the oldest task that no agent has claimed yet.',
    {},
  ),
  feedLag: gauge(
    'feed_lag_seconds',
    'Age of the oldest event that this process has not delivered yet; 0 if there is none.',
    {},
  ),
  webhookDeliveries: counter(
    'webhook_deliveries_total',
    'Attempts of this process to deliver an event to a webhook.',
    {
      outcome: ['delivered', 'failed'],
    },
  ),
  webhookSeconds: histogram(
    'webhook_delivery_duration_seconds',
    'Time until a receiver has answered, or the attempt has failed.',
    {},
    requestBuckets,
  ),
  webhookLag: gauge(
    'webhook_lag_events',
    'Events that the slowest active webhook of all processes has not looked at.',
    {},
  ),
  webhooksPaused: gauge('webhooks_paused', 'Webhooks that the server has paused because they failed.', {}),
  build: gauge('build_info', 'Always 1; the label has the version.', {
    version: { words: 'version of the server' },
  }),
} as const satisfies Record<string, MetricKind>;

type Labels = MetricKind['labels'];

function counter<L extends Labels>(name: string, help: string, labels: L) {
  return { type: 'counter' as const, name, help, labels };
}

function gauge<L extends Labels>(name: string, help: string, labels: L) {
  return { type: 'gauge' as const, name, help, labels };
}

function histogram<L extends Labels>(name: string, help: string, labels: L, buckets: readonly number[]) {
  return { type: 'histogram' as const, name, help, labels, buckets };
}
