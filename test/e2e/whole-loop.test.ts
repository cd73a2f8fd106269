import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FEEDBACK } from '../support/gateways/fake-agent.js';
import { type FakeOpenai, startFakeOpenai } from '../support/gateways/fake-openai.js';
import { type FakeOpenclaw, startFakeOpenclaw } from '../support/gateways/fake-openclaw.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { type Client, createClient } from '../support/servers/client.js';
import { createTasks } from '../support/servers/fleet.js';
import { createServerFolder, type ServerProcess, startServer } from '../support/servers/server-process.js';

/** A program like `claude -p`, which reads a prompt and writes an answer. */
const PROGRAM = `
  const prompt = require('node:fs').readFileSync(0, 'utf8');
  const round = /^This is review round (\\d+)\\./m.exec(prompt)?.[1];
  const verdict = round === '1' ? 'REJECTED\\nNOTES: ' + ${JSON.stringify(FEEDBACK)} : 'APPROVED';
  process.stdout.write(round === undefined ? 'Done: ' + prompt : 'I read it.\\n\\nVERDICT: ' + verdict);
`;

let database: TestDatabase;
let openai: FakeOpenai;
let openclaw: FakeOpenclaw;
let server: ServerProcess;
let admin: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  openai = await startFakeOpenai('sk-test');
  openclaw = await startFakeOpenclaw({ token: 'secret' });
  server = await startServer({
    databaseUrl: database.url,
    env: {
      MC_COMMAND: JSON.stringify([process.execPath, '-e', PROGRAM]),
      MC_COMMAND_DIR: await createServerFolder(),
      MC_MODEL_DEFAULT: 'gpt-test',
      OPENAI_BASE_URL: openai.baseUrl,
      OPENAI_API_KEY: 'sk-test',
      OPENCLAW_GATEWAY_URL: openclaw.url,
      OPENCLAW_GATEWAY_TOKEN: 'secret',
    },
  });
  admin = createClient(server);
});
afterAll(async () => {
  await server.stop();
  await openclaw.close();
  await openai.close();
  await database.drop();
});

async function register(name: string, gateway: string): Promise<void> {
  const config = { gateway, dispatchModel: gateway === 'openclaw' ? null : 'gpt-test' };
  await admin.ask(
    'mutation ($input: RegisterAgentInput!) { registerAgent(input: $input) { errors { code message } } }',
    { input: { name, delivery: 'PUSH', maxCapacity: 4, soulTemplate: 'developer', config } },
  );
}

interface Loop {
  readonly status: string;
  readonly reviewCycles: number;
  readonly runs: {
    readonly nodes: readonly {
      readonly gateway: string;
      readonly prompt: string;
      readonly outcome: string;
    }[];
  };
  readonly reviews: {
    readonly nodes: readonly { readonly verdict: string; readonly feedback: string | null }[];
  };
  readonly events: {
    readonly nodes: readonly { readonly from?: string; readonly to?: string }[];
  };
}

async function readLoop(id: string): Promise<Loop> {
  const { node } = await admin.ask<{ node: Loop }>(
    `query ($id: ID!) { node(id: $id) { ... on Task {
      status reviewCycles
      runs(first: 10) { nodes { gateway prompt outcome } }
      reviews(first: 10) { nodes { verdict feedback } }
      events(first: 100) { nodes { ... on TaskStatusChangedEvent { from to } } } } } }`,
    { id },
  );
  return node;
}

/** The successive statuses of the task. */
const pathOf = ({ events }: Loop) => events.nodes.flatMap(({ to }) => (to === undefined ? [] : [to]));

/** Waits for the log too, which shows an event a moment after its commit. */
const untilDone = async (id: string): Promise<Loop> =>
  vi.waitFor(
    async () => {
      const loop = await readLoop(id);
      expect([loop.status, pathOf(loop).at(-1)]).toEqual(['DONE', 'DONE']);
      return loop;
    },
    { timeout: 60_000, interval: 50 },
  );

describe('a task that is assigned to an agent', () => {
  it.each(['openclaw', 'openai', 'command', 'echo'])(
    'goes the whole way by itself through the gateway %s, once rejected and with the feedback in the next prompt',
    async (gateway) => {
      await register('scout', gateway);
      await register('aegis', gateway);
      // The echo gateway rejects half of the tasks, always the same ones. The others reject every task once.
      const titles = gateway === 'echo' ? ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] : ['a'];
      const tasks = await createTasks(
        admin,
        titles.map((title) => ({ title: `Report ${title}`, assignee: { name: 'scout' } })),
      );
      const loops = await Promise.all(tasks.map(({ id }) => untilDone(id)));
      const loop = loops.find(({ reviewCycles }) => reviewCycles === 1);
      expect(loop).toBeDefined();
      expect(pathOf(loop!)).toEqual([
        ...['IN_PROGRESS', 'REVIEW', 'REJECTED', 'ASSIGNED'],
        ...['IN_PROGRESS', 'REVIEW', 'DONE'],
      ]);
      const runs = [...loop!.runs.nodes].sort((a, b) => a.prompt.length - b.prompt.length);
      expect(runs.map((run) => [run.gateway, run.outcome])).toEqual(Array(2).fill([gateway, 'SUCCEEDED']));
      const rejection = loop!.reviews.nodes.find(({ verdict }) => verdict === 'REJECTED');
      if (gateway !== 'echo') expect(rejection?.feedback).toBe(FEEDBACK);
      expect(runs[0]?.prompt).not.toContain(rejection?.feedback);
      expect(runs[1]?.prompt).toContain(rejection?.feedback);
    },
  );
});
