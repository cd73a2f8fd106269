import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { type Client, createClient } from '../support/servers/client.js';
import { anAgent, aTask, claim, claimWork, codeOf, complete, createTasks } from '../support/servers/fleet.js';
import { readSamples } from '../support/servers/metrics.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';
import { watchOverSse, watchOverWebSocket } from '../support/wires/event-streams.js';
import { readPlainEvents } from '../support/wires/plain-events.js';

let database: TestDatabase;
let server: ServerProcess;
let admin: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startServer({ databaseUrl: database.url });
  admin = createClient(server);
});

afterAll(async () => {
  await server.stop();
  await database.drop();
});

async function scrape(): Promise<Record<string, number>> {
  const response = await fetch(`${server.url}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  return readSamples(await response.text());
}

describe('a scrape of a busy server', () => {
  it('shows its work, its backlog and its subscribers', async () => {
    const worker = await anAgent(admin, 'worker', 1);
    await createTasks(admin, [{ title: 'One', reviewPolicy: 'SKIP' }, { title: 'Two' }, { title: 'Three' }]);
    const { runId } = await claimWork(worker.client, { idempotencyKey: 'the first' });
    await claimWork(worker.client, { idempotencyKey: 'the first' });
    expect((await claim(worker.client)).reason).toBe('AT_CAPACITY');
    await complete(worker.client, { runId, resolution: 'done' });
    expect(await codeOf(worker.client, 'completeTask', { runId, resolution: 'again' })).toBe('LEASE_LOST');
    expect((await fetch(`${server.url}/nowhere`)).status).toBe(404);
    // All have the same operation, which is executed once for all of them.
    const streams = [watchOverWebSocket(admin), watchOverWebSocket(admin), watchOverSse(admin)];
    const reader = await readPlainEvents(server.url, {
      headers: { authorization: `Bearer ${admin.secret}` },
    });
    await aTask(admin, { title: 'Four' });
    const begun = { 'subscribers{kind="graphql"}': 3, 'subscribers{kind="plain"}': 1 };
    await vi.waitFor(async () => expect(await scrape()).toMatchObject(begun), 20_000);
    await anAgent(admin, 'announced');
    for (const { events } of streams)
      await vi.waitFor(() => expect(events.length).toBeGreaterThan(0), 20_000);

    const samples = await vi.waitFor(async () => {
      const found = await scrape();
      // Missing while the database is slow. A job may not have run yet.
      expect(found.oldest_waiting_task_seconds).toBeGreaterThan(0);
      expect(found['job_duration_seconds_count{job="requeueStaleTasks"}']).toBeGreaterThan(0);
      return found;
    }, 20_000);
    expect(samples).toMatchObject({
      'http_requests_total{method="GET",route="other",status="4xx"}': 1,
      'graphql_operations_total{operation="subscription"}': 3,
      'claims_total{reason="ASSIGNED"}': 2,
      'claims_total{reason="AT_CAPACITY"}': 1,
      runs_started_total: 1,
      'runs_ended_total{outcome="succeeded"}': 1,
      lease_lost_calls_total: 1,
      lease_losses_total: 0,
      'events_appended_total{type="task.created"}': 4,
      'events_appended_total{type="task.claimed"}': 1,
      ...begun,
      'tasks{status="INBOX"}': 3,
      'tasks{status="IN_PROGRESS"}': 0,
      'tasks{status="INPUT_REQUIRED"}': 0,
      database_up: 1,
      'log_lines_total{level="error"}': 0,
    });
    const posts = samples['http_requests_total{method="POST",route="/graphql",status="2xx"}'];
    expect(posts).toBeGreaterThan(7);
    expect(samples['http_request_duration_seconds_count{route="/graphql"}']).toBe(posts);
    expect(samples.feed_lag_seconds).toBeLessThan(60);
    for (const stream of streams) stream.close();
    reader.close();
    await vi.waitFor(async () => {
      const { 'subscribers{kind="graphql"}': graphql, 'subscribers{kind="plain"}': plain } = await scrape();
      expect([graphql, plain]).toEqual([0, 0]);
    }, 20_000);
  });
});
