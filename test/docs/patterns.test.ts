import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { createClient } from '../support/servers/client.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';
import {
  createCloneFolder,
  expectNoErrors,
  paste,
  pasteLines,
  readSteps,
  removeCloneFolder,
} from './paste.js';

/** About a hundred programs are started one after the other, and one lease of ten seconds must end. */
vi.setConfig({ testTimeout: 240_000 });

// biome-ignore lint/suspicious/noExplicitAny: answers have the shape of their query, which TypeScript doesn't know
type Data = any;

let database: TestDatabase;
let server: ServerProcess;
let folder: string;

beforeAll(async () => {
  database = await createTestDatabase();
  // What takes ten minutes with the default settings must not take as long here.
  const env = { DATABASE_URL: database.url, MC_AGENT_TIMEOUT: '1s', MC_STALE_AFTER: '1s' };
  server = await startServer({ env });
  folder = await createCloneFolder(server);
});

afterAll(async () => {
  await server?.stop();
  await database?.drop();
  await removeCloneFolder(folder);
});

/** Pastes a whole page into one shell. Returns the data of every answer that it has printed, none of them an error. */
async function pastePage(page: string): Promise<Data[]> {
  const answers = await paste(await readSteps(page), server, folder);
  expectNoErrors(answers);
  return answers.map(({ data }) => data);
}

const listClaims = (data: readonly Data[]): Data[] =>
  data.flatMap(({ claimNextTask }) => (claimNextTask ? [claimNextTask] : []));

describe('docs/patterns.md, pasted into a shell', () => {
  it('does what it says on an empty server, pattern by pattern', async () => {
    const data = await pastePage('docs/patterns.md');

    const claims = listClaims(data);
    expect(claims.map(({ reason, task }) => [reason, task?.title]).slice(0, 5)).toEqual([
      ['ASSIGNED', 'Fix the styles of the login page'],
      ['ASSIGNED', 'Close the leak in the session store'],
      ['ASSIGNED', 'Bring the API documentation up to date'],
      ['AT_CAPACITY', undefined],
      ['ASSIGNED', 'Answer the open questions of the forum'],
    ]);
    expect(data.find(({ nextTask }) => nextTask).nextTask.title).toBe('Close the leak in the session store');
    expectPatterns(data);
  });

  it('works on a server that this page, the README and other clients have used', async () => {
    await pastePage('README.md');
    await createClient(server, server.adminKey).ask(
      'mutation { createTask(input: { title: "Older than the page", priority: HIGH }) { task { id } } }',
    );
    const data = await pastePage('docs/patterns.md');

    const claims = listClaims(data);
    expect(claims.map(({ reason }) => reason)).toEqual([
      'ASSIGNED',
      'ASSIGNED',
      'ASSIGNED',
      'AT_CAPACITY',
      'ASSIGNED',
    ]);
    expect(claims[0].task.title).toBe('Older than the page');
    expectPatterns(data);
  });
});

describe('docs/patterns-in-commands.md, pasted into a shell', () => {
  it('does what it says, in a terminal without GraphQL', async () => {
    const lines: Data[] = await pasteLines(await readSteps('docs/patterns-in-commands.md'), server, folder);
    const claims = lines.filter(({ reason, run }) => reason !== undefined || run?.leaseExpiresAt);
    expect(claims.map(({ reason }) => reason)).toEqual([
      ...['ASSIGNED', 'ASSIGNED', 'ASSIGNED', 'AT_CAPACITY', 'ASSIGNED'],
      ...['ASSIGNED', 'ASSIGNED', 'ASSIGNED'],
    ]);
  });
});

/** What the page shows of the patterns 3 to 7, without other data of the server. */
function expectPatterns(data: readonly Data[]): void {
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
  expect(handedOn.dependencyResults).toEqual([
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
}

/** Research (dan), implement (cleo), review (aegis): started by one mutation, each with the result of the step before. */
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
  expect(research.resolution).toContain('dan did');
  expect(implement.dependencyResults).toEqual([{ resolution: research.resolution }]);
  expect(implement.runs.nodes[0].prompt).toContain(research.resolution);
  expect(review.runs.nodes[0].prompt).toContain(implement.resolution);
}
