import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { bearer, type Client, createClient, post } from '../support/servers/client.js';
import { anAgent, aTask, claimWork, complete } from '../support/servers/fleet.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';
import {
  type SeenSpan,
  startTraceCollector,
  type TraceCollector,
} from '../support/servers/trace-collector.js';

let database: TestDatabase;
let collector: TraceCollector;

beforeAll(async () => {
  [database, collector] = await Promise.all([createTestDatabase(), startTraceCollector()]);
});

afterAll(async () => {
  await collector.stop();
  await database.drop();
});

function start(env: Record<string, string>): Promise<ServerProcess> {
  return startServer({ databaseUrl: database.url, env });
}

const find = (name: string, match: Partial<SeenSpan['attributes']> = {}) =>
  collector.spans.filter(
    (span) =>
      span.name === name && Object.entries(match).every(([key, value]) => span.attributes[key] === value),
  );

const digest = (id: string) => createHash('sha256').update(id).digest('hex');
const place = ({ traceId, spanId }: SeenSpan) => ({ traceId, spanId });

async function approve(client: Client, id: string): Promise<void> {
  await client.ask(
    'mutation Judge ($input: SubmitVerdictInput!) { submitVerdict(input: $input) { errors { code message } } }',
    { input: { task: { id }, verdict: 'APPROVED', round: 1 } },
  );
}

describe('traces', () => {
  it('follow a task across requests and processes, and continue the traces of callers', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' };
    const named = { ...env, OTEL_SERVICE_NAME: 'fleet', OTEL_EXPORTER_OTLP_HEADERS: 'x-key=open%20sesame' };
    const [first, second] = await Promise.all([
      start({ ...named, OTEL_BSP_SCHEDULE_DELAY: '50' }),
      // Exports spans only when it stops.
      start({
        ...env,
        OTEL_BSP_SCHEDULE_DELAY: '600000',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test',
      }),
    ]);
    const admin = createClient(first);
    const worker = await anAgent(admin, 'worker');
    const task = await aTask(admin);
    const { runId } = await claimWork(worker.client);
    await complete(createClient(second, worker.client.secret), { runId, resolution: 'done' });
    await approve(createClient(second), task.id);
    const traceId = `${'a'.repeat(31)}1`;
    const traced = { ...bearer(admin.secret), traceparent: `00-${traceId}-${'b'.repeat(16)}-01` };
    await post(`${first.url}/graphql`, { query: 'query Outer { viewer { role } }' }, traced);
    expect(await second.stop()).toEqual({ code: 0, signal: null });
    await vi.waitFor(
      () => expect(find('query', { 'graphql.operation.name': 'Outer' })).toHaveLength(1),
      20_000,
    );

    // All spans of the task are in one trace, which can be found by the task's id.
    const inTrace = collector.spans.filter((span) => span.traceId === digest(task.id).slice(0, 32));
    expect(inTrace).toHaveLength(4);
    // The processes send their spans at any time.
    const ofTask = ['task', 'claim', 'run', 'review'].flatMap((name) =>
      inTrace.filter((span) => span.name === name),
    );
    expect(ofTask).toHaveLength(4);
    const [root, claim, run, review] = ofTask as [SeenSpan, SeenSpan, SeenSpan, SeenSpan];
    for (const part of [claim, run, review]) expect(part.parentSpanId).toBe(root.spanId);
    expect(run.attributes).toMatchObject({
      'mission_control.run.id': runId,
      'mission_control.outcome': 'succeeded',
    });
    expect(review.attributes).toMatchObject({
      'mission_control.verdict': 'approved',
      'mission_control.round': 1,
    });
    for (const span of ofTask) expect(span.endMs).toBeGreaterThanOrEqual(span.startMs);
    expect(review.endMs).toBeGreaterThan(review.startMs);

    // Each change is linked with its operation in both directions.
    const operation = (span: SeenSpan) =>
      collector.spans.find(({ spanId }) => spanId === span.links[0]?.spanId);
    for (const part of ofTask) expect(operation(part)).toMatchObject({ name: 'mutation' });
    for (const [part, target] of [
      [claim, run],
      [run, run],
      [review, review],
    ] as const)
      expect(operation(part)?.links).toContainEqual(place(target));

    // The caller's trace continues with the request and the operation.
    const [query] = find('query', { 'graphql.operation.name': 'Outer' });
    const request = collector.spans.find(({ spanId }) => spanId === query?.parentSpanId);
    expect(request).toMatchObject({ name: 'POST /graphql', traceId, parentSpanId: 'b'.repeat(16), kind: 2 });
    expect(request?.attributes).toMatchObject({ 'http.response.status_code': 200, 'http.route': '/graphql' });

    const services = collector.resources.map((resource) => [
      resource['service.name'],
      resource['deployment.environment'],
    ]);
    expect(services).toEqual(
      expect.arrayContaining([
        ['fleet', undefined],
        ['mission-control', 'test'],
      ]),
    );
    expect(new Set(collector.requests.map(({ path, key }) => `${path} ${key}`))).toEqual(
      new Set(['/v1/traces open sesame', '/v1/traces undefined']),
    );
    // Periodic background work has no spans.
    const idle = ({ attributes }: SeenSpan) =>
      attributes['url.path'] === '/readyz' || attributes['mission_control.handled'] === 0;
    expect(collector.spans.filter(idle)).toEqual([]);
    await first.stop();
  });

  it('are sent as protobuf by default, as JSON if configured, and not at all if disabled', async () => {
    const address = `${collector.url}/elsewhere`;
    const env = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: address, OTEL_BSP_SCHEDULE_DELAY: '50' };
    const [server, silent] = await Promise.all([start(env), start({ ...env, OTEL_SDK_DISABLED: 'true' })]);
    const known = collector.requests.length;
    await createClient(silent).ask('query Unheard { viewer { role } }');
    await createClient(server).ask('query Heard { viewer { role } }');
    await silent.stop();
    await server.stop();
    const sent = collector.requests.slice(known).filter(({ path }) => path === '/elsewhere');
    expect(new Set(sent.map(({ type }) => type))).toEqual(new Set(['application/x-protobuf']));
    const bytes = Buffer.concat(sent.map(({ body }) => body));
    expect(bytes.includes('Heard')).toBe(true);
    expect(bytes.includes('Unheard')).toBe(false);
  });

  it('that cannot be delivered disturb nothing, are logged once, and do not delay a stop', async () => {
    const refusing = await startTraceCollector();
    refusing.answer(400);
    const [server, alone] = await Promise.all([
      start({ OTEL_EXPORTER_OTLP_ENDPOINT: refusing.url, OTEL_BSP_SCHEDULE_DELAY: '20' }),
      start({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_BSP_SCHEDULE_DELAY: '20' }),
    ]);
    const failures = () => server.log().filter(({ event }) => event === 'traces.export_failed').length;
    const ask = () => createClient(server).ask('{ viewer { role } }');
    await vi.waitFor(async () => {
      await ask();
      expect(refusing.requests.length).toBeGreaterThan(2);
    }, 20_000);
    await vi.waitFor(() => expect(failures()).toBe(1), 20_000);
    refusing.answer(200);
    await vi.waitFor(async () => {
      await ask();
      expect(server.log().map(({ event }) => event)).toContain('traces.export_recovered');
    }, 20_000);
    expect(failures()).toBe(1);
    await createClient(alone).ask('{ viewer { role } }');
    const stoppingAt = performance.now();
    expect(await Promise.all([server.stop(), alone.stop()])).toEqual(
      Array(2).fill({ code: 0, signal: null }),
    );
    expect(performance.now() - stoppingAt).toBeLessThan(10_000);
    expect(server.stderr() + alone.stderr()).toBe('');
    await refusing.stop();
  });
});
