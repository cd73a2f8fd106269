import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AttackedServer, startAttackedServer } from '../support/servers/attacked-server.js';
import { aTask, claimWork } from '../support/servers/fleet.js';
import { readMemory } from '../support/servers/process-memory.js';

let besieged: AttackedServer;
let before: number;

beforeAll(async () => {
  besieged = await startAttackedServer();
  before = await readMemory(besieged.server.pid);
});

afterAll(async () => {
  const { admin, victim, server } = besieged;
  await aTask(admin, { assignee: { name: 'victim' }, priority: 'CRITICAL' });
  const startedAt = performance.now();
  await claimWork(victim.client);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  expect((await readMemory(server.pid)) - before).toBeLessThan(100_000_000);
  await besieged.stopUnharmed();
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
