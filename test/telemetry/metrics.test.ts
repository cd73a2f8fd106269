import { describe, expect, it } from 'vitest';
import type { Backlog } from '../../src/domain/ops/overview.js';
import { systemClock } from '../../src/kernel/clock.js';
import { createInstrument } from '../../src/kernel/instrument.js';
import { METRIC_PREFIX, METRICS } from '../../src/telemetry/metric-catalog.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { readSamples } from '../support/servers/metrics.js';

const backlog: Backlog = {
  ...{ inbox: 3, assigned: 2, inProgress: 1, inputRequired: 2, review: 0 },
  oldestWaitingSeconds: 90,
  feedLagSeconds: 0.5,
};

const pools = { main: { total: 5, idle: 3, waiting: 1 }, reads: { total: 2, idle: 0, waiting: 4 } };

function setUp(
  read: () => Promise<Backlog> = async () => backlog,
  reach: () => Promise<boolean> = async () => true,
) {
  const instrument = createInstrument();
  let nowMs = 0;
  const metrics = createMetrics(instrument, { now: () => nowMs });
  const webhooks = async () => ({ events: 7, paused: 1 });
  metrics.watch(
    { pools: () => pools, isReachable: () => reach(), backlog: read, webhooks },
    { version: '1.2.3' },
  );
  const scrape = async () => readSamples((await metrics.render()).text);
  return { instrument, scrape, pass: (ms: number) => (nowMs += ms) };
}

describe('metrics', () => {
  it('count the signals of the instrument', async () => {
    const { instrument, scrape } = setUp();
    const emit = (name: string, facts: object) => instrument.emit('trace', name, '', { ...facts });
    emit('http.request', {
      method: 'POST',
      route: '/graphql',
      status: 200,
      durationMs: 20,
      isComplete: true,
    });
    emit('http.request', {
      method: 'POST',
      route: '/graphql',
      status: 200,
      durationMs: 20,
      isComplete: false,
    });
    emit('graphql.operation', { operation: 'mutation', durationMs: 7 });
    emit('claim.answered', { reason: 'ASSIGNED' });
    emit('events.appended', { events: [{ type: 'task.claimed' }, { type: 'run.started' }] });
    emit('events.appended', { events: [{ type: 'run.requeued' }, { type: 'run.succeeded' }] });
    emit('lease.lost', {});
    emit('streams.changed', { kind: 'graphql', open: 4 });
    emit('job.finished', { job: 'pruneEvents', durationMs: 1_500, handled: 12 });
    emit('job.run_failed', { job: 'pruneEvents', durationMs: 10 });
    instrument.emit('error', 'job.failed', 'It failed', {});
    expect(await scrape()).toMatchObject({
      'http_requests_total{method="POST",route="/graphql",status="2xx"}': 1,
      'http_requests_total{method="POST",route="/graphql",status="gone"}': 1,
      'http_request_duration_seconds_bucket{le="0.025",route="/graphql"}': 2,
      'graphql_operations_total{operation="mutation"}': 1,
      'graphql_operation_duration_seconds_count{operation="mutation"}': 1,
      'claims_total{reason="ASSIGNED"}': 1,
      'claims_total{reason="AT_CAPACITY"}': 0,
      runs_started_total: 1,
      'runs_ended_total{outcome="requeued"}': 1,
      'runs_ended_total{outcome="succeeded"}': 1,
      'runs_ended_total{outcome="failed"}': 0,
      lease_losses_total: 1,
      lease_lost_calls_total: 1,
      'events_appended_total{type="task.claimed"}': 1,
      'subscribers{kind="graphql"}': 4,
      'job_duration_seconds_sum{job="pruneEvents"}': 1.51,
      'job_handled_total{job="pruneEvents"}': 12,
      'job_failures_total{job="pruneEvents"}': 1,
      'log_lines_total{level="error"}': 1,
      'build_info{version="1.2.3"}': 1,
    });
  });

  it('leave streams out of the request durations', async () => {
    const { instrument, scrape } = setUp();
    const facts = { method: 'GET', route: '/api/events', status: 200, durationMs: 9, isComplete: true };
    instrument.emit('debug', 'http.request', '', { ...facts, isStream: true });
    const samples = await scrape();
    expect(samples['http_requests_total{method="GET",route="/api/events",status="2xx"}']).toBe(1);
    expect(Object.keys(samples).filter((name) => name.startsWith('http_request_duration'))).toEqual([]);
  });

  it('show the waiting tasks, the connection pool and the process', async () => {
    const samples = await setUp().scrape();
    expect(samples).toMatchObject({
      'tasks{status="INBOX"}': 3,
      'tasks{status="REVIEW"}': 0,
      oldest_waiting_task_seconds: 90,
      feed_lag_seconds: 0.5,
      database_up: 1,
      'database_pool_connections{pool="main",state="busy"}': 2,
      'database_pool_connections{pool="main",state="idle"}': 3,
      'database_pool_connections{pool="reads",state="busy"}': 2,
      'database_pool_waiting{pool="main"}': 1,
      'database_pool_waiting{pool="reads"}': 4,
    });
    expect(samples.nodejs_eventloop_lag_seconds).toBeGreaterThanOrEqual(0);
    expect(samples.process_resident_memory_bytes).toBeGreaterThan(1e6);
  });

  it('query the database once for all scrapes within four seconds', async () => {
    let reads = 0;
    const { scrape, pass } = setUp(async () => {
      reads += 1;
      return { ...backlog, inbox: reads };
    });
    await Promise.all([scrape(), scrape(), scrape()]);
    pass(3_999);
    expect((await scrape())['tasks{status="INBOX"}']).toBe(1);
    pass(1);
    expect((await scrape())['tasks{status="INBOX"}']).toBe(2);
  });

  it('query the database less often if the query takes longer', async () => {
    let reads = 0;
    const { scrape, pass } = setUp(async () => {
      reads += 1;
      pass(1_000);
      return backlog;
    });
    await scrape();
    pass(49_999);
    await scrape();
    expect(reads).toBe(1);
    pass(1);
    await scrape();
    expect(reads).toBe(2);
  });

  it('show the previous reading for up to a minute while the next one is slow', async () => {
    let isSlow = false;
    const { scrape, pass } = setUp(() => (isSlow ? new Promise(() => undefined) : Promise.resolve(backlog)));
    await scrape();
    isSlow = true;
    pass(10_000);
    expect(await scrape()).toMatchObject({ database_up: 1, 'tasks{status="INBOX"}': 3 });
    pass(60_000);
    expect(await scrape()).not.toHaveProperty(['tasks{status="INBOX"}']);
  });

  it.each([
    ['is unavailable', () => Promise.reject(new Error('unavailable'))],
    ['does not answer', () => new Promise<never>(() => undefined)],
  ])('hide the unknown values while the database %s, and show the others', async (_, read) => {
    let isUnavailable = false;
    const { scrape, pass } = setUp(
      () => (isUnavailable ? read() : Promise.resolve(backlog)),
      () => (isUnavailable ? read() : Promise.resolve(true)),
    );
    await scrape();
    isUnavailable = true;
    pass(10_000);
    const samples = await scrape();
    expect(samples).toMatchObject({
      database_up: 0,
      'database_pool_waiting{pool="main"}': 1,
      runs_started_total: 0,
    });
    const hidden = /^(tasks|oldest_waiting_task_seconds|feed_lag_seconds)/;
    expect(Object.keys(samples).filter((name) => hidden.test(name))).toEqual([]);
  });
});

describe('the labels of metrics', () => {
  it('stay within the lists of the catalog for every signal', async () => {
    const { instrument, scrape } = setUp();
    for (let index = 0; index < 2_000; index += 1) {
      const any = `made-up-${index}`;
      const facts = { method: any, route: `/${any}`, status: index, isComplete: true, durationMs: 1 };
      instrument.emit('trace', 'http.request', '', facts);
      instrument.emit('trace', 'graphql.operation', '', { operation: any, durationMs: 1 });
      instrument.emit('trace', 'claim.answered', '', { reason: any });
      instrument.emit('trace', 'events.appended', '', { events: [{ type: any }, { type: `run.${any}` }] });
      instrument.emit('trace', 'streams.changed', '', { kind: any, open: index });
      instrument.emit('trace', 'job.finished', '', { job: any, durationMs: 1, handled: 1 });
    }
    const samples = Object.keys(await scrape());
    for (const { name, labels } of Object.values(METRICS)) {
      for (const [label, allowed] of Object.entries(labels)) {
        const found = valuesOf(samples, name, label).filter((value) => value !== 'other');
        if ('words' in allowed) expect(found.length, name).toBeLessThanOrEqual(100);
        else expect(allowed, name).toEqual(expect.arrayContaining(found));
      }
    }
  });

  it('follow the naming rules of Prometheus', async () => {
    const instrument = createInstrument();
    const { text } = await createMetrics(instrument, systemClock).render();
    for (const { name, type } of Object.values(METRICS)) {
      expect(name).toMatch(type === 'counter' ? /^[a-z_]+_total$/ : /^[a-z_]+(?<!_total)$/);
      expect(text).toContain(`# TYPE ${METRIC_PREFIX}${name} ${type}\n`);
    }
  });
});

function valuesOf(samples: readonly string[], name: string, label: string): string[] {
  const ofMetric = samples.filter((sample) => new RegExp(`^${name}(_bucket|_sum|_count)?\\{`).test(sample));
  const values = ofMetric.map((sample) => new RegExp(`[{,]${label}="([^"]*)"`).exec(sample)?.[1] ?? 'none');
  return [...new Set(values)];
}
