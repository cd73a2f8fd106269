import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AttackedServer, startAttackedServer } from '../support/servers/attacked-server.js';
import { aTask, claimWork } from '../support/servers/fleet.js';
import { readMemory } from '../support/servers/process-memory.js';
import { codesIn, expectHarmless } from '../support/wires/expect-harmless.js';

let besieged: AttackedServer;
/** The id of a run of a pipeline with 25 steps, each of which depends on all steps before it. */
let runId: string;
/** The id of a recurring task that is due once in 28 years. */
let recurringTaskId: string;
/** The memory of the server before the attacks. */
let before: number;

beforeAll(async () => {
  besieged = await startAttackedServer();
  const steps = Array.from({ length: 25 }, (_, index) => ({
    key: `s${index}`,
    template: { title: `Step ${index}`, description: 'x'.repeat(20_000) },
    dependsOn: Array.from({ length: index }, (_unused, other) => `s${other}`),
  }));
  await besieged.admin.ask(
    'mutation ($input: CreatePipelineInput!) { createPipeline(input: $input) { errors { message } } }',
    { input: { name: 'wide', steps } },
  );
  const { startPipeline } = await besieged.admin.ask<{ startPipeline: { pipelineRun: { id: string } } }>(
    'mutation { startPipeline(input: { name: "wide" }) { pipelineRun { id } errors { message } } }',
  );
  runId = startPipeline.pipelineRun.id;
  const { createRecurringTask } = await besieged.admin.ask<{
    createRecurringTask: { recurringTask: { id: string } };
  }>(
    `mutation { createRecurringTask(input: { name: "rare", schedule: "0 0 * 2 5#5", template: { title: "Leap" } }) {
      recurringTask { id } errors { message }
    } }`,
  );
  recurringTaskId = createRecurringTask.recurringTask.id;
  before = await readMemory(besieged.server.pid);
});

// Runs after all tests of this file.
afterAll(() => besieged.stopUnharmed());

const nest = (fields: string, depth: number) =>
  `${fields.repeat(depth)} id ${'} '.repeat(depth * fields.split('{').length - depth)}`;
const ofRun = (selection: string) => `{ node(id: "${runId}") { ... on PipelineRun { ${selection} } } }`;

describe('a document of nested lists without pages', () => {
  it.each<[string, () => string]>([
    [
      'follows dependencies four times',
      () =>
        `{ ${[1, 2, 3, 4, 5].map((n) => `a${n}: tasks(first: 100) { nodes { ${nest('dependsOn { ', 4)} } }`).join(' ')} }`,
    ],
    ['goes to and fro between a run and its tasks', () => ofRun(nest('tasks { pipelineRun { ', 4))],
    [
      'repeats a long text under many names',
      () => ofRun(`tasks { ${Array.from({ length: 49 }, (_, n) => `a${n}: description`).join(' ')} }`),
    ],
  ])('that %s is stopped, and does no harm', async (_case, document) => {
    const { clients } = besieged;
    const answers = await Promise.all(Array.from({ length: 3 }, () => clients.VIEWER.send(document())));
    for (const answer of answers) {
      expectHarmless(answer);
      expect(codesIn(answer)).toEqual(['QUERY_TOO_COMPLEX']);
      expect(answer.errors).toHaveLength(1);
      expect(answer.data ?? null).toBeNull();
    }
  });
});

const aliases = (count: number, field: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => `a${index}: ${field(index)}`).join(' ');

describe('a schedule that is due on a leap day with a weekday', () => {
  it.each<[string, () => string]>([
    [
      'the next runs of',
      () => `{ recurringTask(id: "${recurringTaskId}") { ${aliases(29, () => 'nextRuns(count: 50)')} } }`,
    ],
    [
      'the previews of',
      () =>
        `{ ${aliases(2, (index) => `previewSchedule(schedule: "0 0 * 2 ${index}#5", count: 50) { nextRuns }`)} }`,
    ],
  ])('does not keep the server busy when %s many are requested', async (_case, query) => {
    const { clients } = besieged;
    const startedAt = performance.now();
    const answers = await Promise.all(Array.from({ length: 4 }, () => clients.VIEWER.send(query())));
    for (const answer of answers) {
      expectHarmless(answer);
      expect(answer.errors).toBeUndefined();
    }
    // One of these queries took 20 seconds.
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it('is priced, so that more previews are refused', async () => {
    const query = `{ ${aliases(3, () => 'previewSchedule(schedule: "@yearly", count: 50) { nextRuns }')} }`;
    const answer = await besieged.clients.AGENT.send(query);
    expect(answer.errors?.[0]?.extensions?.code).toBe('QUERY_TOO_COMPLEX');
  });
});

const long = 'x'.repeat(60_000);

async function startWith(description: string, steps: number) {
  const { OPERATOR } = besieged.clients;
  const name = `expansion-${steps}`;
  await OPERATOR.ask(
    'mutation ($input: CreatePipelineInput!) { createPipeline(input: $input) { errors { code message } } }',
    {
      input: {
        name,
        steps: Array.from({ length: steps }, (_, index) => ({
          key: `step-${index}`,
          template: { title: `Step ${index}`, description },
        })),
      },
    },
  );
  const { data } = await OPERATOR.send<{ startPipeline: { errors: { code: string; message: string }[] } }>(
    'mutation ($input: StartPipelineInput!) { startPipeline(input: $input) { errors { code message path } } }',
    { input: { name, variables: { a: long } } },
  );
  return data?.startPipeline.errors;
}

describe('a long variable that is used many times', () => {
  it.each([
    ['18,000 times in one step', '{{a}}'.repeat(18_000), 1, 1_080_000_006],
    ['once in each of 1,000 steps', '{{a}}', 1_000, 60_007_890],
  ])('is refused before it is inserted %s', async (_what, description, steps, length) => {
    const message = `With these variables, the texts of the tasks have ${length} characters together: at most 2000000 are allowed.`;
    expect(await startWith(description, steps)).toEqual([{ code: 'INVALID', message, path: ['variables'] }]);
  });

  it('is refused in a document that names it for 400 tasks', async () => {
    const inputs = Array.from({ length: 100 }, (_, index) => `{ title: "Task ${index}", description: $d }`);
    const calls = Array.from(
      { length: 4 },
      (_, index) => `c${index}: createTasks(inputs: [${inputs.join(' ')}]) { errors { message } }`,
    );
    const answer = await besieged.clients.AGENT.send(`mutation ($d: String) { ${calls.join(' ')} }`, {
      d: long,
    });
    expect(answer.errors).toMatchObject([
      {
        message:
          'The variables are used so often that they have more than 4194304 characters where they are used.',
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
  });
});

describe('invalid documents with long variables', () => {
  it('are refused, and none of them is kept', async () => {
    const { VIEWER } = besieged.clients;
    const variables = { unused: 'x'.repeat(900_000) };
    // Kept, each would take its variables twice: 216 MB.
    for (let sent = 0; sent < 120; sent += 4) {
      const documents = [0, 1, 2, 3].map((index) => `{ unknown${sent + index} }`);
      const answers = await Promise.all(documents.map((document) => VIEWER.send(document, variables)));
      for (const answer of answers) expect(codesIn(answer)).toEqual(['GRAPHQL_VALIDATION_FAILED']);
    }
  });
});

describe('a server that such documents have attacked', () => {
  it('claims as fast, and is as small, as before', async () => {
    const { admin, victim, server } = besieged;
    await aTask(admin, { assignee: { name: 'victim' }, priority: 'CRITICAL' });
    const startedAt = performance.now();
    await claimWork(victim.client);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    const growth = async () => (await readMemory(server.pid)) - before;
    await expect.poll(growth, { timeout: 20_000 }).toBeLessThan(100_000_000);
  });
});
