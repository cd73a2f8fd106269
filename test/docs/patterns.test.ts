import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';
import { parseBlocks } from './markdown-blocks.js';

/** Some hundred programs are started one after the other, and one lease of ten seconds must end. */
vi.setConfig({ testTimeout: 240_000 });

const page = await readFile(new URL('../../docs/patterns.md', import.meta.url), 'utf8');
const script = parseBlocks(page)
  .filter(({ info }) => info === 'bash')
  .map(({ text }) => text)
  .join('\n');

// biome-ignore lint/suspicious/noExplicitAny: answers have the shape of their query, which TypeScript doesn't know
type Data = any;

let database: TestDatabase;
let server: ServerProcess;

beforeAll(async () => {
  database = await createTestDatabase();
  // What the page says takes ten minutes must not take as long here.
  const env = { DATABASE_URL: database.url, MC_AGENT_TIMEOUT: '1s', MC_STALE_AFTER: '1s' };
  server = await startServer({ env });
});

afterAll(async () => {
  await server?.stop();
  await database?.drop();
});

/** Pastes the whole page into one shell; answers the data of every answer that it has printed. */
async function paste(): Promise<Data[]> {
  const { PATH, HOME } = process.env;
  const { stdout, stderr } = await promisify(execFile)(
    'bash',
    ['--norc', '-e', '-u', '-o', 'pipefail', '-c', script],
    { env: { PATH, HOME, MC_URL: server.url, MC_API_KEY: server.adminKey }, timeout: 220_000 },
  );
  expect(stderr).toBe('');
  const answers: Data[] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(answers.flatMap(({ errors }) => errors ?? [])).toEqual([]);
  return answers.map(({ data }) => data);
}

describe('docs/patterns.md, pasted into a shell', () => {
  it('does what it says, pattern by pattern', async () => {
    const data = await paste();
    const payloads = data.flatMap((each) => Object.values<Data>(each));
    expect(payloads.flatMap((payload) => payload.errors ?? [])).toEqual([]);

    const claims = data.flatMap(({ claimNextTask }) => (claimNextTask ? [claimNextTask] : []));
    expect(claims.map(({ reason, task }) => [reason, task?.title]).slice(0, 5)).toEqual([
      ['ASSIGNED', 'Fix the styles of the login page'],
      ['ASSIGNED', 'Close the leak in the session store'],
      ['ASSIGNED', 'Bring the API documentation up to date'],
      ['AT_CAPACITY', undefined],
      ['ASSIGNED', 'Answer the open questions of the forum'],
    ]);

    const tasks = data.flatMap(({ task }) => (task ? [task] : []));
    const [sent, reviewed, handedOn, stalled] = tasks;
    expect(sent).toMatchObject({
      status: 'DONE',
      runs: { nodes: [{ trigger: 'DISPATCH', gateway: 'echo' }] },
    });
    expect(reviewed.status).toBe('DONE');
    expect(reviewed.reviews.nodes.at(-1)).toMatchObject({
      verdict: 'APPROVED',
      reviewer: { displayName: 'aegis' },
    });
    expect(handedOn.inputs).toEqual([
      {
        task: { ref: expect.any(String), title: 'Compare ways to cache the API' },
        resolution: expect.stringContaining('Compare ways to cache the API'),
      },
    ]);
    expect(stalled).toMatchObject({ status: 'ASSIGNED', staleRequeues: 1 });
    expect(stalled.comments.nodes).toHaveLength(1);

    const classified = data.flatMap((each) => (each.complex ? [each] : []));
    expect(classified).toMatchObject([{ complex: { tier: 'COMPLEX' }, routine: { tier: 'ROUTINE' } }]);
    expect(data.find(({ classifyTask }) => classifyTask)).toEqual({
      classifyTask: { tier: 'OVERRIDE', model: '9router/cc/claude-opus-4-6' },
    });
    expect(data.find(({ previewSchedule }) => previewSchedule).previewSchedule).toMatchObject({
      valid: true,
      cron: '0 9 * * 1-5',
    });
    const fired = data.find(({ fireRecurringTask }) => fireRecurringTask);
    expect(fired.fireRecurringTask.task.title).toMatch(/^Report what was done - /);
    const completed = data.flatMap(({ completeTask }) => completeTask?.followUps ?? []);
    expect(completed.map(({ title }) => title)).toEqual(['Move the writers', 'Move the readers']);

    expectHandoff(data);
  });
});

/** Research (iris), implement (scout), review (aegis): started with one mutation, each with what the one before found. */
function expectHandoff(data: readonly Data[]): void {
  const { startPipeline } = data.find((each) => each.startPipeline);
  expect(startPipeline.pipelineRun.tasks.map(({ title }: Data) => title)).toEqual([
    'Research caching for /api/products',
    'Implement caching for /api/products',
    'Review how caching for /api/products was implemented',
  ]);
  const { pipelineRun } = data.filter((each) => each.pipelineRun).at(-1);
  expect(pipelineRun).toMatchObject({ status: 'SUCCEEDED', progress: 1 });
  const [research, implement, review] = pipelineRun.tasks;
  expect(research.resolution).toContain('iris did');
  expect(implement.inputs).toEqual([{ resolution: research.resolution }]);
  expect(implement.runs.nodes[0].prompt).toContain(research.resolution);
  expect(review.runs.nodes[0].prompt).toContain(implement.resolution);
}
