import { afterAll, beforeAll, expect, onTestFinished, vi } from 'vitest';
import { type Client, createWorker, type Run, type WorkerOptions } from '../../../src/sdk/index.js';
import { createTestDatabase, type TestDatabase } from '../postgres/database.js';
import { sdkAgent, sdkClient } from './sdk-client.js';
import { type ServerProcess, startServer } from './server-process.js';

/** A server for the workers of one test file. It is there from the first test on. */
export const fixture = {} as { server: ServerProcess; admin: Client };

let agents = 0;

/** Starts the server before the tests of a file and stops it after them. Call it once in the file. */
export function useWorkerServer(): void {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    fixture.server = await startServer({ databaseUrl: database.url });
    fixture.admin = sdkClient(fixture.server);
  });
  afterAll(async () => {
    await fixture.server.stop();
    await database.drop();
  });
}

/** A new agent that gets only what is assigned to it. */
export async function anAgent(options: Parameters<typeof sdkAgent>[2] = {}) {
  agents += 1;
  const name = `agent-${agents}`;
  return { name, client: await sdkAgent(fixture.server, name, options) };
}

/** Assigns new tasks to an agent. They need no review. */
export async function assign(name: string, ...titles: readonly string[]) {
  const inputs = titles.map((title) => ({ title, assignee: { name }, reviewPolicy: 'SKIP' as const }));
  return (await fixture.admin.createTasks(inputs)).tasks;
}

/** Starts a worker that is stopped after the test. */
export function start(client: Client, options: Partial<WorkerOptions> & Pick<WorkerOptions, 'handle'>) {
  const errors: unknown[] = [];
  const worker = createWorker(client, {
    leaseSeconds: 10,
    onError: (error) => errors.push(error),
    ...options,
  });
  const ended = worker.run().catch((error: unknown) => error);
  onTestFinished(() => worker.stop());
  return { worker, ended, errors };
}

/** Waits until a task has a status, and returns it. */
export async function untilTask(id: string, status: string) {
  return vi.waitFor(async () => {
    const task = await fixture.admin.task({ ref: { id } });
    expect(task).toMatchObject({ status });
    return task!;
  }, 30_000);
}

/** How the runs of a task ended. */
export async function runsOf(id: string) {
  return (await fixture.admin.taskRuns({ ref: { id } })).nodes.map(({ outcome, error }) => ({
    outcome,
    error,
  }));
}

/** A handler that goes on until its signal is aborted, and says why. */
export function untilAborted() {
  const runs: Run[] = [];
  const reasons: unknown[] = [];
  const handle = (_task: unknown, run: Run) =>
    new Promise<string>((resolve) => {
      runs.push(run);
      run.signal.addEventListener('abort', () => {
        reasons.push(run.signal.reason);
        resolve('too late');
      });
    });
  return { handle, runs, reasons };
}
