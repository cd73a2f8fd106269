import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openTestServices, type TestServices } from '../support/factories/services.js';
import { type FakeOpenclaw, startFakeOpenclaw } from '../support/gateways/fake-openclaw.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { holdLocks } from '../support/postgres/held-lock.js';
import type { Row } from '../support/postgres/sql.js';
import { type Client, createClient } from '../support/servers/client.js';
import { adminSecret, type ServerProcess, startServer } from '../support/servers/server-process.js';

let database: TestDatabase;
let services: TestServices;
let openclaw: FakeOpenclaw;
let server: ServerProcess;
let admin: Client;

beforeEach(async () => {
  database = await createTestDatabase();
  openclaw = await startFakeOpenclaw({ token: 'token-of-the-fake' });
  await start();
  services = await openTestServices(database.url);
  admin = createClient(() => server.url, adminSecret);
  await admin.ask(
    `mutation { registerAgent(input: { name: "scout", delivery: PUSH, config: { gateway: "openclaw" } }) { errors { message } } }`,
  );
});

afterEach(async () => {
  await server.kill();
  await openclaw.close();
  await services.close();
  await database.drop();
});

async function start(): Promise<void> {
  server = await startServer({
    databaseUrl: database.url,
    env: {
      OPENCLAW_GATEWAY_URL: openclaw.url,
      OPENCLAW_GATEWAY_TOKEN: 'token-of-the-fake',
      MC_JOB_INTERVAL: '100ms',
      MC_DISPATCH_BACKOFF: '1ms',
    },
  });
}

/** Kills the server, starts the next one, and ends the dead server's lease, which would last half a minute. */
async function killAndRestart(): Promise<void> {
  await server.kill();
  await services.sql(
    "UPDATE task_runs SET lease_expires_at = now() - interval '1 ms' WHERE outcome = 'RUNNING'",
  );
  await start();
}

async function assign(title: string): Promise<string> {
  const { createTask } = await admin.ask<{ createTask: { task: { id: string } } }>(
    `mutation ($title: String!) {
      createTask(input: { title: $title, assignee: { name: "scout" }, reviewPolicy: SKIP }) { task { id } }
    }`,
    { title },
  );
  return createTask.task.id;
}

const fact = <Result>(look: () => Promise<Result> | Result) =>
  vi.waitFor(look, { timeout: 20_000, interval: 10 });

/** Waits for an open run that matches, and returns it. */
const openRun = (condition: string) =>
  fact(async () => {
    const runs = await services.sql(`SELECT * FROM task_runs WHERE outcome = 'RUNNING' AND ${condition}`);
    expect(runs).toHaveLength(1);
  });

/** Waits until the task is DONE by one completion, and returns the outcomes of its runs. */
async function expectDone(taskId: string, outcomes: readonly string[]): Promise<Row> {
  const task = await fact(async () => {
    const [row] = await services.sql('SELECT * FROM tasks WHERE id = $1', [taskId]);
    expect(row?.status).toBe('DONE');
    return row as Row;
  });
  const runs = await services.sql('SELECT outcome FROM task_runs WHERE task_id = $1 ORDER BY number', [
    taskId,
  ]);
  expect(runs.map(({ outcome }) => outcome)).toEqual(outcomes);
  const completions = await services.sql("SELECT FROM events WHERE type = 'task.completed'");
  expect(completions).toHaveLength(1);
  return task;
}

describe('a server that is killed during a dispatch', () => {
  it('before the call: the next server starts the task once at the gateway', async () => {
    await admin.ask('{ gateways { reachable } }');
    openclaw.mute();
    const id = await assign('Before the call');
    await openRun('gateway_state IS NULL');
    await killAndRestart();
    const task = await expectDone(id, expect.arrayContaining(['SUCCEEDED']));
    expect(openclaw.runs.begun).toHaveLength(1);
    expect(task).toMatchObject({ dispatch_attempts: 0, stale_requeues: 0 });
  });

  it('during the call: the next server waits for the active run and starts no other', async () => {
    const id = await assign('[[hang]]');
    await openRun('gateway_state IS NOT NULL');
    const [run] = await services.sql('SELECT dispatcher FROM task_runs');
    // On Linux the next server detects the dead process long before its lease ends.
    if (process.platform === 'linux') await server.kill().then(start);
    else await killAndRestart();
    await openRun(`dispatcher <> '${run!.dispatcher}'`);
    expect(openclaw.runs.begun).toHaveLength(1);
    openclaw.runs.succeed(openclaw.runs.begun[0]!, 'The work of the first run.');
    expect(await expectDone(id, ['SUCCEEDED'])).toMatchObject({ resolution: 'The work of the first run.' });
    expect(openclaw.runs.begun).toHaveLength(1);
  });

  it('after the answer, before the commit: the answer is requested again and stored once', async () => {
    const id = await assign('[[hang]]');
    await openRun('gateway_state IS NOT NULL');
    const held = await holdLocks(services, 'SELECT FROM tasks WHERE id = $1 FOR UPDATE', [id]);
    openclaw.runs.succeed(openclaw.runs.begun[0]!, 'Answered once.');
    await fact(async () =>
      expect(
        await services.sql(
          "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FROM tasks WHERE id%'",
        ),
      ).toHaveLength(1),
    );
    await server.kill();
    await held.release();
    await fact(async () =>
      expect(await services.sql("SELECT FROM task_runs WHERE outcome = 'RUNNING'")).toHaveLength(1),
    );
    await killAndRestart();
    expect(await expectDone(id, ['SUCCEEDED'])).toMatchObject({ resolution: 'Answered once.' });
    expect(openclaw.runs.begun).toHaveLength(1);
  });

  it('together with its gateway: the run that the gateway resumes is followed', async () => {
    const id = await assign('[[hang]]');
    await openRun('gateway_state IS NOT NULL');
    await server.kill();
    openclaw.restart();
    await killAndRestart();
    expect(await expectDone(id, ['SUCCEEDED'])).toMatchObject({ resolution: 'Done after the restart.' });
  });
});

describe('a server that is stopped during a dispatch', () => {
  it('cancels the call at the gateway and releases the task without counting an attempt', async () => {
    const id = await assign('[[hang]]');
    await openRun('gateway_state IS NOT NULL');
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    expect(openclaw.runs.active()).toEqual([]);
    const [task] = await services.sql('SELECT * FROM tasks WHERE id = $1', [id]);
    expect(task).toMatchObject({ status: 'ASSIGNED', dispatch_attempts: 0 });
    await start();
    await fact(() => expect(openclaw.runs.begun).toHaveLength(2));
    openclaw.runs.succeed(openclaw.runs.begun[1]!, 'The second time.');
    await expectDone(id, ['RELEASED', 'SUCCEEDED']);
  });
});

describe('a person who cancels during a dispatch', () => {
  it('cancels the task, and the run is cancelled at the gateway', async () => {
    const id = await assign('[[hang]]');
    await openRun('gateway_state IS NOT NULL');
    await admin.ask(
      `mutation ($id: ID!) { cancelTask(input: { task: { id: $id } }) { errors { message } } }`,
      {
        id,
      },
    );
    await fact(() => expect(openclaw.runs.active()).toEqual([]));
    const [run] = await services.sql('SELECT outcome FROM task_runs WHERE task_id = $1', [id]);
    expect(run).toEqual({ outcome: 'CANCELLED' });
    expect(await services.sql("SELECT FROM events WHERE type = 'task.completed'")).toEqual([]);
  });
});
