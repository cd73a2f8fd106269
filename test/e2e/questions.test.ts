import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createWorker } from '../../src/sdk/index.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { sdkAgent, sdkClient } from '../support/servers/sdk-client.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';

let database: TestDatabase;
let server: ServerProcess;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startServer({ databaseUrl: database.url });
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

/** Starts the next server on the port of the one that has ended. */
async function startAgain(): Promise<void> {
  const { port } = new URL(server.url);
  server = await startServer({ databaseUrl: database.url, env: { MC_PORT: port } });
}

describe('an agent that asks', () => {
  it('goes on where it stood when its owner answers after two restarts, and works on other tasks meanwhile', async () => {
    const client = await sdkAgent(server, 'asker');
    const admin = sdkClient(server);
    const create = (title: string) =>
      admin.createTask({ title, assignee: { name: 'asker' }, reviewPolicy: 'SKIP' });
    const { task } = await create('Move the data');
    const worker = createWorker(client, {
      leaseSeconds: 10,
      onError: () => undefined,
      handle: async ({ title }, run) => {
        if (title === 'Meanwhile') return 'done';
        const answer = await run.ask({ text: 'Move it to which region?', deadline: 'P7D' });
        const confirmed = await run.ask({
          text: `Delete the old copy after ${answer?.text}?`,
          kind: 'CONFIRM',
        });
        return `${answer?.text}, ${confirmed?.confirmed}, ${run.comments.map(({ body }) => body)}`;
      },
    });
    const ended = worker.run();
    onTestFinished(() => worker.stop().then(() => ended));

    const untilOpen = (text: string) =>
      vi.waitFor(async () => {
        const [question] = (await sdkClient(server).questions({ filter: { status: ['OPEN'] } })).nodes;
        expect(question).toMatchObject({ text, askedBy: { displayName: 'asker' } });
        return question!.id;
      }, 30_000);

    const first = await untilOpen('Move it to which region?');
    await server.kill();
    await startAgain();
    const meanwhile = await sdkClient(server).createTask({
      ...{ title: 'Meanwhile', assignee: { name: 'asker' }, reviewPolicy: 'SKIP' },
    });
    await vi.waitFor(async () => {
      const ref = { id: meanwhile.task.id };
      expect(await sdkClient(server).task({ ref })).toMatchObject({ status: 'DONE' });
    }, 30_000);
    await server.stop();
    await startAgain();

    const owner = sdkClient(server);
    await owner.answerQuestion({ id: first, answer: { text: 'eu-west' } });
    const second = await untilOpen('Delete the old copy after eu-west?');
    await owner.addComment({ task: { id: task.id }, body: 'Good work' });
    await owner.answerQuestion({ id: second, answer: { confirmed: true } });
    await vi.waitFor(async () => {
      const done = await owner.task({ ref: { id: task.id } });
      expect(done).toMatchObject({ status: 'DONE', resolution: 'eu-west, true, Good work' });
    }, 30_000);
    const runs = (await owner.taskRuns({ ref: { id: task.id } })).nodes;
    // A claim whose answer was lost with its server is given back, uncounted.
    const outcomes = runs.map(({ outcome }) => outcome).filter((outcome) => outcome !== 'RELEASED');
    expect(outcomes).toEqual(['SUSPENDED', 'SUSPENDED', 'SUCCEEDED']);
  });
});
