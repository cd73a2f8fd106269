import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { readLog } from '../support/servers/acknowledged-work.js';
import { createClient } from '../support/servers/client.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';
import {
  createCloneFolder,
  expectNoErrors,
  listPages,
  paste,
  readBlocks,
  readSteps,
  removeCloneFolder,
  shellEnvironment,
} from './paste.js';

/** Some twenty programs are started one after the other, on a machine that runs other tests. */
vi.setConfig({ testTimeout: 120_000 });

/** The pages in the order in which the README names them. docs/patterns.md and docs/agent-setup.md have their own tests. */
const pages = ['README.md', 'docs/quickstart.md', 'docs/agents.md', 'docs/recurring-tasks.md'];

let database: TestDatabase;
let server: ServerProcess;
let folder: string;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startServer({ env: { DATABASE_URL: database.url } });
  folder = await createCloneFolder(server);
});

afterAll(async () => {
  await server?.stop();
  await database?.drop();
  await removeCloneFolder(folder);
});

describe('the README and the pages after it, pasted block by block into a shell', () => {
  it('are all the pages that have blocks to paste, with those that have their own tests', async () => {
    const blocks = await Promise.all(
      (await listPages()).map(async (page) => ({ page, steps: await readSteps(page) })),
    );
    const pasted = blocks.filter(({ steps }) => steps.length > 0).map(({ page }) => page);
    expect(pasted.sort()).toEqual(
      [...pages, 'docs/agent-setup.md', 'docs/patterns.md', 'docs/patterns-in-commands.md'].sort(),
    );
  });

  it('hands out the first claim in ten lines', async () => {
    const [first] = await readSteps('README.md');
    expect(first?.text.trim().split('\n').length).toBeLessThanOrEqual(10);
    expect(first?.text).toContain('claimNextTask');
  });

  it('takes two agents and three tasks through approval, rejection and rework, and shows it live', async () => {
    // The server's own first event came before a subscriber could connect; it is listed a moment after its commit.
    await vi.waitFor(async () => expect(await listEventTypes()).toHaveLength(1), 20_000);
    const watcher = await watch();
    const steps = (await Promise.all(pages.map(readSteps))).flat();
    const answers = await paste(steps, server, folder);

    const reasons = expectNoErrors(answers).flatMap(([name, payload]) =>
      name === 'claimNextTask' ? payload?.reason : [],
    );
    expect(reasons).toEqual([
      ...['ASSIGNED', 'ASSIGNED', 'AT_CAPACITY', 'CONTINUE_CURRENT', 'ASSIGNED'],
      'NO_TASKS_AVAILABLE',
    ]);
    const tasks = await vi.waitFor(
      async () => {
        const listed = await listTasks();
        // This task is dispatched, and the echo gateway may reject it once before it approves it.
        expect(listed[3]).toMatchObject({ ref: 'TASK-4', status: 'DONE', assignee: { name: 'otto' } });
        return listed;
      },
      { timeout: 30_000, interval: 50 },
    );
    expect(tasks.filter(({ ref }) => ref !== 'TASK-4')).toEqual([
      { ref: 'TASK-1', status: 'DONE', assignee: { name: 'scout' }, feedback: [null] },
      { ref: 'TASK-2', status: 'DONE', assignee: { name: 'scout' }, feedback: [] },
      {
        ref: 'TASK-3',
        status: 'DONE',
        assignee: { name: 'iris' },
        feedback: ['It still overlaps at 320 px.', null],
      },
      { ref: 'TASK-5', status: 'ASSIGNED', assignee: { name: 'iris' }, feedback: [] },
    ]);
    const shown = answers.map((answer) => JSON.stringify(answer)).join('\n');
    expect(shown).toContain('"feedback":"It still overlaps at 320 px."');
    expect(shown).toContain('"role":"AGENT"');
    expect(shown).toContain('"cron":"0 9 * * 1-5","text":"At 09:00, Monday through Friday"');
    expect(shown).toMatch(
      /"ref":"TASK-5","title":"Generate daily standup report - [A-Z][a-z]{2} \d{1,2}","status":"ASSIGNED"/,
    );
    await vi.waitFor(async () => expect(watcher.types()).toEqual((await listEventTypes()).slice(1)), {
      timeout: 20_000,
    });
    expect(watcher.types()).toEqual(
      expect.arrayContaining(['task.rejected', 'task.approved', 'key.created']),
    );
  });
});

/** Runs the block that watches, from before the first event until the test is over. */
async function watch() {
  const block = (await readBlocks('README.md')).find(({ info }) => info === 'bash live');
  const child = spawn('bash', ['--norc', '-c', `exec 2>&1; ${block?.text}`], {
    cwd: folder,
    env: shellEnvironment(server),
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
