import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AttackedServer, startAttackedServer } from '../support/servers/attacked-server.js';
import { aTask, claimWork } from '../support/servers/fleet.js';
import { readMemory } from '../support/servers/process-memory.js';
import { codesIn, expectHarmless } from '../support/wires/expect-harmless.js';

let besieged: AttackedServer;
/** The id of a run of a pipeline with 25 steps, each of which depends on all steps before it. */
let runId: string;

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
    const { server, clients, admin, victim } = besieged;
    const before = await readMemory(server.pid);
    const answers = await Promise.all(Array.from({ length: 3 }, () => clients.VIEWER.send(document())));
    for (const answer of answers) {
      expectHarmless(answer);
      expect(codesIn(answer)).toEqual(['QUERY_TOO_COMPLEX']);
      expect(answer.errors).toHaveLength(1);
      expect(answer.data ?? null).toBeNull();
    }
    await aTask(admin, { assignee: { name: 'victim' } });
    await claimWork(victim.client);
    expect((await readMemory(server.pid)) - before).toBeLessThan(200_000_000);
  });
});
