/** The values a label can have: a closed list, or the words of a list that lives elsewhere in the code. */
export type LabelValues = readonly string[] | { readonly words: string };

/** One metric: what it counts, in which parts, and what it means to who looks at it. */
export interface MetricKind {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Without the prefix that all of them have. */
  readonly name: string;
  readonly help: string;
  readonly labels: Readonly<Record<string, LabelValues>>;
  /** Upper bounds, in seconds, of a histogram. */
  readonly buckets?: readonly number[];
}

export const METRIC_PREFIX = 'mission_control_';

const methods = ['GET', 'HEAD', 'POST', 'OPTIONS'];
// Of the router's own list; what leads nowhere has none.
const routes = { words: 'paths of the server, such as `/graphql`, or `other`' };
const statuses = ['1xx', '2xx', '3xx', '4xx', '5xx', 'gone'];
const operations = ['query', 'mutation', 'subscription'];
const claimReasons = ['ASSIGNED', 'CONTINUE_CURRENT', 'AT_CAPACITY', 'NO_TASKS_AVAILABLE', 'AGENT_PAUSED'];
const runOutcomes = ['succeeded', 'failed', 'timed_out', 'released', 'requeued', 'cancelled'];
const jobs = { words: 'names of `schedulerJobs`' };

const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const jobBuckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600, 1_800];

/**
 * Every metric of the server. A label never holds what a caller can choose or what grows with use: no operation names,
 * addresses, agents, tasks, keys. The table in docs/operations.md comes from here.
 */
export const METRICS = {
  requests: counter(
    'http_requests_total',
    'HTTP requests that have ended; `gone` if the client left before.',
    {
      method: methods,
      route: routes,
      status: statuses,
    },
  ),
  requestSeconds: histogram(
    'http_request_duration_seconds',
    'Time from a request to the end of its answer; streams are left out.',
    { route: routes },
    requestBuckets,
  ),
  operations: counter(
    'graphql_operations_total',
    'GraphQL operations, over HTTP and WebSockets; not queries by GET.',
    {
      operation: operations,
    },
  ),
  operationSeconds: histogram(
    'graphql_operation_duration_seconds',
    'Time a query or mutation took, long polls included.',
    { operation: ['query', 'mutation'] },
    requestBuckets,
  ),
  claims: counter('claims_total', 'Answers to `claimNextTask`.', { reason: claimReasons }),
  runsStarted: counter('runs_started_total', 'Runs that this process has begun.', {}),
  runsEnded: counter('runs_ended_total', 'Runs that this process has ended.', { outcome: runOutcomes }),
  leaseLosses: counter('lease_losses_total', 'Runs taken from an agent whose lease had ended.', {}),
  lateCalls: counter('lease_lost_calls_total', 'Calls refused with `LEASE_LOST`.', {}),
  events: counter(
    'events_appended_total',
    'Events that this process has appended to the log; that a claim made its agent busy is not counted.',
    {
      type: { words: '[event types](events.md)' },
    },
  ),
  jobSeconds: histogram('job_duration_seconds', 'Time a turn of a job took.', { job: jobs }, jobBuckets),
  jobHandled: counter('job_handled_total', 'Things that turns of a job have dealt with.', { job: jobs }),
  jobFailures: counter('job_failures_total', 'Turns of a job that failed.', { job: jobs }),
  logLines: counter('log_lines_total', 'What the log had to say, written or not.', {
    level: ['info', 'warn', 'error'],
  }),
  subscribers: gauge('subscribers', 'Open event streams: of GraphQL subscriptions, of `/api/events`.', {
    kind: ['graphql', 'plain'],
  }),
  poolConnections: gauge(
    'database_pool_connections',
    'Connections to PostgreSQL, without that of the claims and the one that listens.',
    {
      state: ['busy', 'idle'],
    },
  ),
  poolWaiting: gauge('database_pool_waiting', 'Statements that wait for a connection.', {}),
  databaseUp: gauge('database_up', '1 if the database has answered this scrape in time, else 0.', {}),
  tasks: gauge('tasks', 'Tasks that are not closed, of the whole fleet.', {
    status: ['INBOX', 'ASSIGNED', 'IN_PROGRESS', 'REVIEW'],
  }),
  oldestWaiting: gauge('oldest_waiting_task_seconds', 'Age of the oldest task that waits for an agent.', {}),
  feedLag: gauge(
    'feed_lag_seconds',
    'Age of the oldest event that this process has not yet passed on; 0 if there is none.',
    {},
  ),
  build: gauge('build_info', 'Always 1; the version is in the label.', {
    version: { words: 'of the server' },
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
