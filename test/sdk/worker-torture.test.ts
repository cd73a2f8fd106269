import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Client } from '../../src/sdk/index.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { bundleProgram } from '../support/servers/bundle-program.js';
import { sdkClient } from '../support/servers/sdk-client.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';

/** Ten kills of the server and of workers take a while on a machine that runs other tests. */
vi.setConfig({ testTimeout: 300_000 });

const TASKS = 200;

/** A frozen worker loses its task soon, so that the test need not wait for ten minutes. */
const settings = { MC_AGENT_TIMEOUT: '2s', MC_STALE_AFTER: '2s' };

let database: TestDatabase;
let server: ServerProcess;
let admin: Client;
let folder: string;
let program: string;
const workers = new Map<string, ChildProcess>();
const keys = new Map<string, string>();

beforeAll(async () => {
  program = await bundleProgram(new URL('./worker-process.ts', import.meta.url));
  database = await createTestDatabase();
  server = await startServer({ databaseUrl: database.url, env: settings });
  admin = sdkClient(server);
  folder = await mkdtemp(join(tmpdir(), 'mission-control-workers-'));
});

afterAll(async () => {
  for (const child of workers.values()) child.kill('SIGKILL');
  await server.stop();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

async function startWorker(name: string): Promise<void> {
  if (!keys.has(name)) {
    await admin.registerAgent({ name, maxCapacity: 1 });
    const { secret } = await admin.createApiKey({ name, role: 'AGENT', agent: { name } });
    keys.set(name, secret);
  }
  const log = join(folder, 'log');
  const args = [program, server.url, keys.get(name) ?? '', log];
  workers.set(name, spawn(process.execPath, args, { stdio: 'inherit' }));
}

async function killWorker(name: string): Promise<void> {
  const child = workers.get(name)!;
  child.kill('SIGKILL');
  await once(child, 'exit');
  await startWorker(name);
}

async function killServer(): Promise<void> {
  const { port } = new URL(server.url);
  await server.kill();
  server = await startServer({ databaseUrl: database.url, env: { ...settings, MC_PORT: port } });
}

async function countDone(): Promise<number> {
  const { tasks } = await admin.request<{ tasks: { totalCount: number } }, object>(
    '{ tasks(filter: { status: [DONE] }) { totalCount } }',
  );
  return tasks.totalCount;
}

async function untilDone(count: number): Promise<void> {
  await vi.waitFor(async () => expect(await countDone()).toBeGreaterThanOrEqual(count), 120_000);
}

/**
 * Freezes the worker that holds the next task, and answers with its run. A trigger makes its report of progress wait until
 * it is frozen.
 */
async function freezeInTheMiddle(): Promise<{ readonly name: string; readonly runId: string }> {
  const gate = new pg.Client({ connectionString: database.url });
  await gate.connect();
  await gate.query('SELECT pg_advisory_lock(1)');
  await gate.query(`CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END $$`);
  await gate.query(`CREATE TRIGGER gate BEFORE UPDATE ON task_runs FOR EACH ROW
    WHEN (NEW.progress IS DISTINCT FROM OLD.progress) EXECUTE FUNCTION wait_at_gate()`);
  const { task } = await admin.createTask({ title: 'Held', reviewPolicy: 'SKIP' });
  const { name, runId } = await vi.waitFor(async () => {
    const [run] = (await admin.taskRuns({ ref: { id: task.id } })).nodes;
    if (!run) throw new Error('no worker has the task yet');
    return { name: run.agent.name, runId: run.id };
  }, 60_000);
  await vi.waitFor(async () => expect(await notesOf(runId)).toContain('begun'), 20_000);
  workers.get(name)!.kill('SIGSTOP');
  await gate.query('SELECT pg_advisory_unlock(1)');
  await gate.query('DROP TRIGGER gate ON task_runs');
  await gate.end();
  return { name, runId };
}

async function notesOf(runId: string): Promise<string[]> {
  const text = await readFile(join(folder, 'log'), 'utf8');
  // A kill may have cut the last line of a process off.
  const lines = text.split('\n').filter((line) => line.endsWith('}'));
  return lines
    .map((line): { what: string; runId: string } => JSON.parse(line))
    .filter((note) => note.runId === runId)
    .map(({ what }) => what);
}

/** Expects that each task succeeded in one run, and that the result is the one of that run. */
async function expectEachOnce(): Promise<void> {
  let tasks = 0;
  for await (const { id, ref, resolution } of admin.tasks({ first: 100 })) {
    tasks += 1;
    const { nodes } = await admin.taskRuns({ ref: { id } });
    const [succeeded, ...more] = nodes.filter(({ outcome }) => outcome === 'SUCCEEDED');
    expect(more).toEqual([]);
    expect(resolution).toBe(`result of ${ref} by ${succeeded?.id}`);
  }
  expect(tasks).toBe(TASKS);
  const types: string[] = [];
  const filter = { types: ['run.succeeded', 'task.completed'] };
  for await (const { type } of admin.events({ first: 100, filter })) types.push(type);
  expect(types.filter((type) => type === 'run.succeeded')).toHaveLength(TASKS);
  expect(types.filter((type) => type === 'task.completed')).toHaveLength(TASKS);
}

describe('workers of the SDK', () => {
  it('hand each of 200 tasks in once, although servers and workers are killed and one is frozen', async () => {
    for (const name of ['one', 'two', 'three']) await startWorker(name);
    const inputs = Array.from({ length: TASKS }, (_, index) => ({
      title: `Task ${index}`,
      reviewPolicy: 'SKIP' as const,
    }));
    await admin.createTasks(inputs.slice(0, 100));
    for (let kill = 1; kill <= 10; kill += 1) {
      await untilDone(kill * 8);
      await Promise.all([killServer(), killWorker(kill % 2 === 0 ? 'one' : 'two')]);
    }
    await untilDone(100);

    // The queue is empty for a while, across a restart: the workers wait and do not end.
    await killServer();
    const frozen = await freezeInTheMiddle();
    await admin.createTasks(inputs.slice(101));
    await untilDone(TASKS);

    // Another worker has done its task by now, so what it does when it goes on must change nothing.
    workers.get(frozen.name)!.kill('SIGCONT');
    await vi.waitFor(async () => expect(await notesOf(frozen.runId)).toContain('ended'), 60_000);
    await vi.waitFor(async () => expect(await notesOf(frozen.runId)).toContain('aborted'), 60_000);
    await expectEachOnce();
    expect([...workers.values()].map(({ exitCode }) => exitCode)).toEqual([null, null, null]);
  });
});
