import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { runSql } from '../support/postgres/throw-away-postgres.js';
import { type Client, createClient } from '../support/servers/client.js';
import { aTask } from '../support/servers/fleet.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';

/** Timeout for two processes and a database on a machine that runs other tests. */
vi.setConfig({ testTimeout: 180_000 });

const root = fileURLToPath(new URL('../..', import.meta.url));

let database: TestDatabase;
let server: ServerProcess;
let admin: Client;

beforeEach(async () => {
  database = await createTestDatabase();
  server = await startServer({ databaseUrl: database.url });
  admin = createClient(server);
});

afterEach(async () => {
  await server.stop();
  await database.drop();
});

describe('the example of two agents', () => {
  it('empties its queue of fifty tasks, and prints the events in the order of the log', async () => {
    const { code, stderr, stdout } = await runExample().ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout()).toContain('50 of 50 tasks are DONE');
    expect(printedEvents(stdout())).toEqual(await readTaskEvents());
    await expectEachDoneOnce();
    expect(await listLiveKeys()).toEqual(['admin']);
  });

  it('misses and repeats nothing when the server is killed and restarted', async () => {
    const openGate = await closeGate();
    const example = runExample();
    await vi.waitFor(async () => expect(await countDone()).toBeGreaterThan(10), 90_000);
    await vi.waitFor(() => expect(printedEvents(example.stdout())).not.toEqual([]), 90_000);
    await server.kill();
    await openGate();
    const { port } = new URL(server.url);
    server = await startServer({ databaseUrl: database.url, env: { MC_PORT: port } });

    const { code, stderr, stdout } = await example.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(printedEvents(stdout())).toEqual(await readTaskEvents());
    await expectEachDoneOnce();
  });

  it('revokes its keys when it is stopped, even by two signals at once, as from a terminal and npm', async () => {
    const example = runExample();
    await vi.waitFor(() => expect(example.stdout()).toContain('task.completed'), 90_000);
    example.signal('SIGINT');
    example.signal('SIGTERM');
    expect((await example.ended).stderr).toBe('');
    expect(await listLiveKeys()).toEqual(['admin']);
  });

  it('refuses a server with other tasks', async () => {
    const task = await aTask(admin);
    const { code, stderr } = await runExample().ended;
    expect(code).toBe(1);
    expect(stderr).toContain(task.ref);
    const { tasks } = await admin.ask<{ tasks: { totalCount: number } }>('{ tasks { totalCount } }');
    expect(tasks.totalCount).toBe(1);
  });

  it('reports that no server answers', async () => {
    const { url } = server;
    await server.stop();
    const { code, stderr } = await runExample().ended;
    expect(code).toBe(1);
    expect(stderr).toBe(
      `No server answers at ${url}: start one with npm start, or set MC_URL to another one.\n`,
    );
  });
});

/** Blocks the last task from being DONE, so that the example keeps running until the test releases it. */
async function closeGate(): Promise<() => Promise<void>> {
  await runSql(
    database.url,
    `CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      PERFORM pg_advisory_xact_lock_shared(1);
      RETURN NEW;
    END $$`,
    `CREATE TRIGGER gate BEFORE UPDATE ON tasks FOR EACH ROW
      WHEN (NEW.number = 50 AND NEW.status = 'DONE') EXECUTE FUNCTION wait_at_gate()`,
  );
  const keeper = new pg.Client({ connectionString: database.url });
  await keeper.connect();
  onTestFinished(() => keeper.end());
  await keeper.query('SELECT pg_advisory_lock(1)');
  return () => keeper.end();
}

async function countDone(): Promise<number> {
  const { tasks } = await admin.ask<{ tasks: { totalCount: number } }>(
    '{ tasks(filter: { status: [DONE] }) { totalCount } }',
  );
  return tasks.totalCount;
}

/** Runs the program like `npm run example`. */
function runExample() {
  const child = spawn(process.execPath, ['--import', 'tsx', 'examples/two-agents.ts'], {
    cwd: root,
    env: { ...process.env, MC_URL: server.url, MC_API_KEY: server.adminKey },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const texts = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (texts.stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (texts.stderr += chunk));
  const stdout = () => texts.stdout;
  const ended = new Promise<{ code: number | null; stderr: string; stdout: () => string }>((resolve) => {
    child.once('close', (code) => resolve({ code, stderr: texts.stderr, stdout }));
  });
  const signal = (name: NodeJS.Signals) => void child.kill(name);
  return { stdout, ended, signal };
}

/** `type ref` of every printed event. */
function printedEvents(stdout: string): string[] {
  return [...stdout.matchAll(/^[\d:.]{12} {2}(task\.\w+) +(TASK-\d+) /gm)].map(
    ([, type, ref]) => `${type} ${ref}`,
  );
}

/** The same for the events of tasks in the log. */
async function readTaskEvents(): Promise<string[]> {
  const found: string[] = [];
  for (let after: string | null = null, hasNextPage = true; hasNextPage; ) {
    const { events }: Page = await admin.ask<Page>(
      `query Log($after: Cursor) {
        events(first: 100, after: $after, filter: { types: ["task"] }) {
          nodes { type ... on TaskEvent { task { ref } } }
          pageInfo { hasNextPage endCursor }
        }
      }`,
      { after },
    );
    found.push(...events.nodes.map(({ type, task }) => `${type} ${task.ref}`));
    ({ endCursor: after, hasNextPage } = events.pageInfo);
  }
  return found;
}

interface Page {
  readonly events: {
    readonly nodes: readonly { readonly type: string; readonly task: { readonly ref: string } }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

interface DoneTask {
  readonly status: string;
  readonly metadata: { readonly skill: string };
  readonly reviewCycles: number;
  readonly runs: { readonly nodes: readonly { readonly outcome: string }[] };
}

/** Expects one run per completion, and a second completion only after a rejection. */
async function expectEachDoneOnce(): Promise<void> {
  const { tasks } = await admin.ask<{ tasks: { totalCount: number; nodes: readonly DoneTask[] } }>(
    '{ tasks(first: 100) { totalCount nodes { status metadata reviewCycles runs(first: 10) { nodes { outcome } } } } }',
  );
  expect(tasks.totalCount).toBe(50);
  for (const { status, metadata, reviewCycles, runs } of tasks.nodes) {
    expect(status).toBe('DONE');
    expect(reviewCycles).toBe(metadata.skill === 'sort-lines' ? 1 : 0);
    expect(runs.nodes.map(({ outcome }) => outcome)).toEqual(Array(reviewCycles + 1).fill('SUCCEEDED'));
  }
}

async function listLiveKeys(): Promise<string[]> {
  const { apiKeys } = await admin.ask<{ apiKeys: { nodes: { name: string; revokedAt: string | null }[] } }>(
    '{ apiKeys(first: 100) { nodes { name revokedAt } } }',
  );
  return apiKeys.nodes.filter(({ revokedAt }) => revokedAt === null).map(({ name }) => name);
}
