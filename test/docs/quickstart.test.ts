import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { readLog } from '../support/servers/acknowledged-work.js';
import { createClient } from '../support/servers/client.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';
import { type Block, parseBlocks } from './markdown-blocks.js';

/** Some twenty programs are started one after the other, on a machine that runs other tests. */
vi.setConfig({ testTimeout: 120_000 });

/** What the README lets a newcomer paste, in its order, but for the example, which has a test of its own. */
const blocks = parseBlocks(await readFile(new URL('../../README.md', import.meta.url), 'utf8'));
const steps = blocks.filter(({ info, text }) => info === 'bash' && !text.includes('npm run'));
const live = blocks.filter(({ info }) => info === 'bash live');

let database: TestDatabase;
let server: ServerProcess;
let folder: string;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startServer({ env: { DATABASE_URL: database.url } });
  // A clone's folder as far as the README uses it: the key lies in data/admin.key.
  folder = await mkdtemp(join(tmpdir(), 'mission-control-quickstart-'));
  await symlink(server.dataDir, join(folder, 'data'));
});

afterAll(async () => {
  await server?.stop();
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

describe('the README, pasted block by block into a shell', () => {
  it('hands out the first claim in ten lines', async () => {
    const [first] = steps;
    expect(first?.text.trim().split('\n').length).toBeLessThanOrEqual(10);
    expect(first?.text).toContain('claimNextTask');
  });

  it('takes two agents and three tasks through approval, rejection and rework, and shows it live', async () => {
    // The server's own first event came before anybody could watch; it is shown when all that is older has ended.
    await vi.waitFor(async () => expect(await listEventTypes()).toHaveLength(1), 20_000);
    const watcher = await watch();
    const answers = await paste(steps);

    expect(answers.flatMap(({ errors }) => errors ?? [])).toEqual([]);
    const payloads = answers.map(({ data }) => Object.entries(data ?? {})[0] ?? (['', undefined] as const));
    expect(payloads.flatMap(([, payload]) => payload?.errors ?? [])).toEqual([]);
    const reasons = payloads.flatMap(([name, payload]) => (name === 'claimNextTask' ? payload?.reason : []));
    expect(reasons).toEqual([
      ...['ASSIGNED', 'ASSIGNED', 'AT_CAPACITY', 'CONTINUE_CURRENT', 'ASSIGNED'],
      'NO_TASKS_AVAILABLE',
    ]);
    const tasks = await vi.waitFor(
      async () => {
        const listed = await listTasks();
        // What is sent to an agent goes its way by itself, and the echo may send it back once.
        expect(listed[4]).toMatchObject({ ref: 'TASK-5', status: 'DONE', assignee: { name: 'otto' } });
        return listed;
      },
      { timeout: 30_000, interval: 50 },
    );
    expect(tasks.filter(({ ref }) => ref !== 'TASK-5')).toEqual([
      { ref: 'TASK-1', status: 'DONE', assignee: { name: 'scout' }, feedback: [null] },
      { ref: 'TASK-2', status: 'DONE', assignee: { name: 'scout' }, feedback: [] },
      {
        ref: 'TASK-3',
        status: 'DONE',
        assignee: { name: 'iris' },
        feedback: ['It still overlaps at 320 px.', null],
      },
      { ref: 'TASK-4', status: 'ASSIGNED', assignee: { name: 'iris' }, feedback: [] },
      // Those of the patterns: one for somebody, one for anybody, and a pipeline of three.
      { ref: 'TASK-6', status: 'ASSIGNED', assignee: { name: 'scout' }, feedback: [] },
      { ref: 'TASK-7', status: 'INBOX', assignee: null, feedback: [] },
      { ref: 'TASK-8', status: 'ASSIGNED', assignee: { name: 'iris' }, feedback: [] },
      { ref: 'TASK-9', status: 'ASSIGNED', assignee: { name: 'scout' }, feedback: [] },
      { ref: 'TASK-10', status: 'ASSIGNED', assignee: { name: 'aegis' }, feedback: [] },
    ]);
    const shown = answers.map((answer) => JSON.stringify(answer)).join('\n');
    expect(shown).toContain('"feedback":"It still overlaps at 320 px."');
    expect(shown).toContain('"role":"AGENT"');
    expect(shown).toContain('"cron":"0 9 * * 1-5","text":"At 09:00, Monday through Friday"');
    expect(shown).toMatch(
      /"ref":"TASK-4","title":"Generate daily standup report - [A-Z][a-z]{2} \d{1,2}","status":"ASSIGNED"/,
    );
    await vi.waitFor(async () => expect(watcher.types()).toEqual((await listEventTypes()).slice(1)), {
      timeout: 20_000,
    });
    expect(watcher.types()).toEqual(
      expect.arrayContaining(['task.rejected', 'task.approved', 'key.created']),
    );
  });
});

interface Answer {
  readonly data?: Record<
    string,
    { readonly reason?: string; readonly errors?: readonly unknown[] } | undefined
  >;
  readonly errors?: readonly unknown[];
}

/** Runs the blocks one after the other in one shell; answers the JSON lines that it has printed. */
async function paste(pasted: readonly Block[]): Promise<Answer[]> {
  const script = pasted.map(({ text }) => text).join('\n');
  const { stdout, stderr } = await promisify(execFile)(
    'bash',
    ['--norc', '-e', '-u', '-o', 'pipefail', '-c', script],
    {
      cwd: folder,
      env: environment(),
    },
  );
  expect(stderr).toBe('');
  const lines = stdout.trim().split('\n');
  return lines
    .map((line): Answer => JSON.parse(line))
    .filter((answer) => 'data' in answer || 'errors' in answer);
}

/** Runs the block that watches, from before the first event until the test is over. */
async function watch() {
  const [block] = live;
  const child = spawn('bash', ['--norc', '-c', `exec 2>&1; ${block?.text}`], {
    cwd: folder,
    env: environment(),
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void process.kill(-(child.pid ?? 0), 'SIGKILL'));
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  // The server opens the stream with a block that has no event.
  await once(child.stdout, 'data');
  return {
    types: () =>
      [...text.matchAll(/^data: (\{.*\})$/gm)].map(([, json]): string => JSON.parse(json ?? '').type),
  };
}

function environment(): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return { PATH, HOME, MC_URL: server.url };
}

async function listTasks() {
  const { tasks } = await createClient(server, server.adminKey).ask<{
    tasks: {
      nodes: { ref: string; status: string; assignee: object; reviews: { nodes: { feedback: string }[] } }[];
    };
  }>(`{ tasks(first: 10, orderBy: { field: CREATED_AT, direction: ASC }) {
    nodes { ref status assignee { name } reviews(first: 5) { nodes { feedback } } }
  } }`);
  return tasks.nodes.map(({ reviews, ...task }) => ({
    ...task,
    feedback: reviews.nodes.map(({ feedback }) => feedback),
  }));
}

async function listEventTypes(): Promise<string[]> {
  return (await readLog(createClient(server, server.adminKey), null)).map(({ type }) => type);
}
