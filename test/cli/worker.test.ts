import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Client } from '../../src/sdk/index.js';
import { createMc, type Mc } from '../support/cli/mc.js';
import { isRunning } from '../support/postgres/data-folder.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { sdkClient } from '../support/servers/sdk-client.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';

let database: TestDatabase;
let server: ServerProcess;
let mc: Mc;
let admin: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startServer({ databaseUrl: database.url });
  mc = await createMc(server);
  admin = sdkClient(server);
});

afterAll(async () => {
  await server?.stop();
  await database?.drop();
});

/** A task for an agent of its own, so that the tests do not take each other's work. */
async function taskFor(agent: string, description?: string) {
  await admin.registerAgent({ name: agent, acceptsInbox: false });
  return (await admin.createTask({ title: `Work of ${agent}`, description, assignee: { name: agent } })).task;
}

const read = async (id: string) => {
  const task = await admin.task({ ref: { id } });
  if (task === null) throw new Error('the task is gone');
  return task;
};

const workOnce = (agent: string, script: string, flags: readonly string[] = []) =>
  mc.run(['worker', '--agent', agent, '--once', ...flags, '--', 'sh', '-c', script]);

/** The number that a program has written into a file of the folder. */
async function pidIn(file: string): Promise<number> {
  return vi.waitFor(
    async () => {
      const pid = Number(await readFile(join(mc.folder, file), 'utf8'));
      expect(pid).toBeGreaterThan(1);
      return pid;
    },
    { timeout: 20_000, interval: 10 },
  );
}

describe('mc worker', () => {
  it('gives the program the task on standard input and in variables, and hands its output in', async () => {
    const { id, ref } = await taskFor('reader', 'All of it');
    const program = `
      echo "::progress 40 Reading"
      node -e 'const task = JSON.parse(require("fs").readFileSync(0)); console.log(task.ref, task.description, task.run.number)'
      echo "$MC_TASK_REF $MC_TASK_TITLE $MC_TASK_ATTEMPT"
      printf 'binary \\0 output'`;
    const { code, stdout } = await workOnce('reader', program);
    expect(code).toBe(0);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).event),
    ).toEqual(['started', 'ended']);
    const task = await read(id);
    expect(task).toMatchObject({
      status: 'REVIEW',
      resolution: `${ref} All of it 1\n${ref} Work of reader 1\nbinary \ufffd output`,
    });
    expect(task.runs.nodes[0]).toMatchObject({ progress: 'Reading', progressPercent: 40 });
  });

  it('fails the attempt of a program that ends with an error, with what it has said', async () => {
    const { id } = await taskFor('failing');
    await workOnce('failing', 'echo half; echo "The disk is on fire" >&2; exit 3');
    const { runs } = await read(id);
    expect(runs.nodes[0]).toMatchObject({
      outcome: 'FAILED',
      error: 'sh was ended with exit code 3:\nThe disk is on fire',
    });
  });

  it('asks people with exit code 42, and starts the program again with the answer', async () => {
    const { id } = await taskFor('asking');
    const program = `
      const { questions } = JSON.parse(require("fs").readFileSync(0));
      if (questions.length > 0) console.log("It is " + questions[0].answer.text);
      else { console.log(JSON.stringify({ text: "Which colour?", deadlineSeconds: 3600 })); process.exitCode = 42; }`;
    await writeFile(join(mc.folder, 'ask.cjs'), program);
    const working = mc.start(['worker', '--agent', 'asking', '--', process.execPath, 'ask.cjs']);
    await working.until(/"event":"asked"/);
    const question = await vi.waitFor(async () => {
      const { nodes } = await admin.questions({ filter: { task: { id } } });
      expect(nodes).toHaveLength(1);
      return nodes[0]!;
    }, 20_000);
    expect(question).toMatchObject({ text: 'Which colour?', deadline: expect.any(String) });
    await admin.answerQuestion({ id: question.id, answer: { text: 'blue' } });
    await working.until(/"event":"ended"/);
    await vi.waitFor(async () => expect((await read(id)).resolution).toBe('It is blue'), 20_000);
    working.signal('SIGINT');
    await working.ended;
  });

  it('ends a program that hangs after its time, with everything that it has started', async () => {
    const { id } = await taskFor('hanging');
    await workOnce('hanging', 'sleep 1000 & echo $! > hanging.pid; wait', ['--timeout', '500ms']);
    const { runs } = await read(id);
    expect(runs.nodes[0]).toMatchObject({ outcome: 'FAILED', error: 'sh did not end within 0.5 seconds.' });
    await expect.poll(async () => isRunning(await pidIn('hanging.pid'))).toBe(false);
  });

  it('kills a program that ignores SIGTERM when the grace is over', async () => {
    const { id } = await taskFor('stubborn');
    const script = 'trap "" TERM; echo $$ > stubborn.pid; while true; do sleep 0.05; done';
    await workOnce('stubborn', script, ['--timeout', '300ms', '--grace', '300ms']);
    expect((await read(id)).runs.nodes[0]).toMatchObject({ outcome: 'FAILED' });
    await expect.poll(async () => isRunning(await pidIn('stubborn.pid'))).toBe(false);
  });

  it('keeps the beginning and the end of 100 MB of output, in bounded memory', async () => {
    const { id } = await taskFor('talking');
    const program = `
      const line = "x".repeat(99_999) + "\\n";
      process.stdout.write("first line\\n");
      for (let i = 0; i < 1_000; i++) require("fs").writeSync(1, line);
      require("fs").writeSync(1, "last line");`;
    await writeFile(
      join(mc.folder, 'talk.cjs'),
      program.replace('process.stdout.write(', 'require("fs").writeSync(1, '),
    );
    const args = ['worker', '--agent', 'talking', '--once', '--', process.execPath, 'talk.cjs'];
    const { code } = await mc.run(args, { env: { NODE_OPTIONS: '--max-old-space-size=64' } });
    expect(code).toBe(0);
    const { resolution } = await read(id);
    expect(resolution).toMatch(/^first line\nx+\n… \d+ characters left out …\n[\sx]+last line$/);
    expect(resolution?.length).toBeLessThanOrEqual(100_000);
  });

  it('sends SIGTERM when the task is cancelled, and hands nothing in', async () => {
    const { id } = await taskFor('cancelled');
    const script =
      'trap "echo stopped > stopped; exit 0" TERM; echo $$ > cancelled.pid; while true; do sleep 0.05; done';
    const flags = ['--lease', '10s'];
    const working = mc.start([
      'worker',
      '--agent',
      'cancelled',
      '--once',
      ...flags,
      '--',
      'sh',
      '-c',
      script,
    ]);
    await pidIn('cancelled.pid');
    await admin.cancelTask({ task: { id } });
    await working.until(/"event":"stopped"/);
    expect((await readFile(join(mc.folder, 'stopped'), 'utf8')).trim()).toBe('stopped');
    await working.ended;
    expect(await read(id)).toMatchObject({ status: 'CANCELLED', resolution: null });
  });

  it('gives everything back when it is interrupted, and ends with 130', async () => {
    const { id } = await taskFor('interrupted');
    const script = 'echo $$ > interrupted.pid; sleep 1000';
    const working = mc.start(['worker', '--agent', 'interrupted', '--', 'sh', '-c', script]);
    const pid = await pidIn('interrupted.pid');
    working.signal('SIGINT');
    expect(await working.ended).toMatchObject({ code: 130 });
    expect(await read(id)).toMatchObject({ status: 'ASSIGNED', dispatchAttempts: 0 });
    await expect.poll(async () => isRunning(pid)).toBe(false);
  });

  it('gives the task back and ends with 1 when the program cannot be started', async () => {
    const { id } = await taskFor('missing');
    const result = await mc.run(['worker', '--agent', 'missing', '--', './no-such-program']);
    expect(result).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('./no-such-program cannot be started'),
    });
    expect(await read(id)).toMatchObject({ status: 'ASSIGNED', dispatchAttempts: 0 });
  });

  it.each([
    { args: ['worker', '--agent', 'a'], says: "missing required argument 'command'" },
    { args: ['worker', '--agent', 'a', '--capacity', '0', '--', 'true'], says: 'capacity is 0' },
    { args: ['worker', '--agent', 'a', '--lease', 'soon', '--', 'true'], says: 'is not a duration' },
  ])('refuses $args as wrong usage', async ({ args, says }) => {
    expect(await mc.run(args)).toMatchObject({ code: 2, stderr: expect.stringContaining(says) });
  });
});
