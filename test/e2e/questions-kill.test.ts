import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AlreadyAnsweredError, type Client, ConnectionError, UnavailableError } from '../../src/sdk/index.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { reportMs } from '../support/runner/measurements.js';
import { bundleProgram } from '../support/servers/bundle-program.js';
import { sdkAgent, sdkClient } from '../support/servers/sdk-client.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';

/** How many questions are asked and answered: more for a long run, by TEST_QUESTIONS=1000. */
const QUESTIONS = Number(process.env.TEST_QUESTIONS ?? 60);
const SERVERS = 3;
const WORKERS = ['one', 'two', 'three'];
const KILLS = Math.max(6, Math.floor(QUESTIONS / 15));

/** Servers and workers are killed and started on a machine that runs other tests. */
vi.setConfig({ testTimeout: 240_000 + 2_000 * QUESTIONS });

// A worker that was killed resumes its runs at once, so no agent counts as silent.
const settings = { MC_AGENT_TIMEOUT: '10m' };

let database: TestDatabase;
/** Several parts of a test read at the same time. */
let log: pg.Pool;
let program: string;
const servers: ServerProcess[] = [];
const workers = new Map<string, ChildProcess>();
const keys = new Map<string, string>();

const serverAt = (place: number) => servers[place % SERVERS] as ServerProcess;

beforeAll(async () => {
  program = await bundleProgram(new URL('../support/servers/asking-worker.ts', import.meta.url));
  database = await createTestDatabase();
  for (let place = 0; place < SERVERS; place += 1)
    servers.push(await startServer({ databaseUrl: database.url, env: settings }));
  log = new pg.Pool({ connectionString: database.url, max: 3 });
});

afterAll(async () => {
  for (const child of workers.values()) child.kill('SIGKILL');
  await log.end();
  await Promise.all(servers.map((server) => server.stop()));
  await database.drop();
});

async function startWorker(name: string): Promise<void> {
  const place = WORKERS.indexOf(name);
  if (!keys.has(name)) {
    const admin = sdkClient(serverAt(place));
    await admin.registerAgent({ name, maxCapacity: 2 });
    const { secret } = await admin.createApiKey({ name, role: 'AGENT', agent: { name } });
    keys.set(name, secret);
  }
  const args = [program, serverAt(place).url, keys.get(name) ?? ''];
  workers.set(name, spawn(process.execPath, args, { stdio: 'inherit' }));
}

async function killWorker(name: string): Promise<void> {
  const child = workers.get(name) as ChildProcess;
  child.kill('SIGKILL');
  await once(child, 'exit');
  await startWorker(name);
}

/** The next server listens on the same port, so that its clients find it. */
async function killServer(place: number): Promise<void> {
  const { port } = new URL(serverAt(place).url);
  await serverAt(place).kill();
  servers[place] = await startServer({ databaseUrl: database.url, env: { ...settings, MC_PORT: port } });
}

async function count(where: string): Promise<number> {
  const { rows } = await log.query<{ count: number }>(`SELECT count(*)::int AS count FROM ${where}`);
  return rows[0]?.count ?? 0;
}

const untilCount = (where: string, least: number) =>
  vi.waitFor(async () => expect(await count(where)).toBeGreaterThanOrEqual(least), {
    timeout: 180_000,
    interval: 50,
  });

/** Two people who answer what is open, each through another server, until all is answered. Some questions they answer both. */
async function answerAll(place: number, won: Map<string, string>): Promise<void> {
  const person = sdkClient(serverAt(place));
  const unacknowledged = new Set<string>();
  for (;;) {
    const open = await reached(
      async () => await person.questions({ filter: { status: ['OPEN'] }, first: 10 }),
    );
    for (const { id } of open?.nodes ?? [])
      await answer(person, { id, text: `answer ${place} to ${id}`, won, unacknowledged });
    const answered = await vi.waitFor(async () => {
      const done = await count("questions WHERE status = 'ANSWERED'");
      if (done < QUESTIONS) expect(await count("questions WHERE status = 'OPEN'")).toBeGreaterThan(0);
      return done;
    }, 180_000);
    if (answered >= QUESTIONS) return;
  }
}

interface Answering {
  readonly id: string;
  readonly text: string;
  /** The answers that were acknowledged. */
  readonly won: Map<string, string>;
  /** The questions whose answer of this person may have arrived. */
  readonly unacknowledged: Set<string>;
}

async function answer(person: Client, { id, text, won, unacknowledged }: Answering): Promise<void> {
  try {
    const done = await reached(() => person.answerQuestion({ id, answer: { text } }));
    if (done === undefined) unacknowledged.add(id);
    else {
      expect(won.has(id)).toBe(false);
      won.set(id, text);
    }
  } catch (error) {
    if (!(error instanceof AlreadyAnsweredError)) throw error;
    // The refused person is told which answer stands, and it is not this one.
    if (!unacknowledged.has(id)) expect(error.question?.answer?.text).not.toBe(text);
  }
}

/** Undefined if the server was not reached, although the client tried for a while: it takes long to start on a busy machine. */
async function reached<Result>(call: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ConnectionError || error instanceof UnavailableError) return undefined;
    throw error;
  }
}

async function killAgainAndAgain(): Promise<void> {
  for (let kill = 0; kill < KILLS; kill += 1) {
    await untilCount("questions WHERE status = 'ANSWERED'", Math.floor((kill * QUESTIONS) / (KILLS + 1)));
    await Promise.all([killServer(kill % SERVERS), killWorker(WORKERS[kill % WORKERS.length] ?? '')]);
  }
}

describe('questions under kill -9 of servers and agents, on three processes', () => {
  it('are each answered once, and each answer wakes its agent once', async () => {
    for (const name of WORKERS) await startWorker(name);
    const admin = sdkClient(serverAt(0));
    for (let made = 0; made < QUESTIONS; made += 50) {
      await admin.createTasks(
        Array.from({ length: Math.min(50, QUESTIONS - made) }, (_, index) => ({
          title: `Task ${made + index}`,
          reviewPolicy: 'SKIP' as const,
          // Every third one has a pin.
          ...(index % 3 === 0 ? { assignee: { name: WORKERS[index % WORKERS.length] ?? '' } } : {}),
        })),
      );
    }
    const won = new Map<string, string>();
    await Promise.all([killAgainAndAgain(), answerAll(0, won), answerAll(1, won)]);
    await untilCount("tasks WHERE status = 'DONE'", QUESTIONS);

    const { rows } = await log.query(
      `SELECT q.id, q.status, q.answer->>'text' AS said, t.resolution, t.dispatch_attempts, t.open_questions,
         (SELECT count(*)::int FROM task_runs r WHERE r.task_id = t.id AND r.outcome = 'SUSPENDED') AS suspended,
         (SELECT array_agg(r.id) FROM task_runs r WHERE r.task_id = t.id AND r.outcome = 'SUCCEEDED') AS succeeded,
         (SELECT count(*)::int FROM events e WHERE e.task_id = t.id AND e.type = 'task.requeued' AND e.payload->>'reason' = 'answered') AS wakes
       FROM questions q JOIN tasks t ON t.id = q.task_id`,
    );
    expect(rows).toHaveLength(QUESTIONS);
    for (const row of rows) {
      expect(row).toMatchObject({ status: 'ANSWERED', suspended: 1, wakes: 1, open_questions: 0 });
      expect(row.succeeded).toHaveLength(1);
      expect(row.resolution).toBe(`${row.said} by ${row.succeeded[0]}`);
      if (won.has(row.id)) expect(row.said).toBe(won.get(row.id));
    }
    expect(await count("task_runs WHERE outcome = 'RUNNING'")).toBe(0);
  });

  it('frees the slot at once, and an answer reaches the agent that waits on another process', async () => {
    const agent = await sdkAgent(serverAt(0), 'waiting');
    const here = sdkClient(serverAt(1));
    const waits: number[] = [];
    const text = 'Which one?';
    for (let round = 0; round < 15; round += 1) {
      const assignee = { name: 'waiting' };
      await here.createTask({ title: 'Asking', assignee, reviewPolicy: 'SKIP' });
      const { run } = await agent.claimNextTask({ waitSeconds: 20 });
      const { question } = await agent.askQuestion({ runId: run?.id ?? '', text });
      await markUnseen();
      // With a capacity of one, this claim would be refused if the slot were not free.
      const claim = agent.claimNextTask({ waitSeconds: 20 });
      await untilWaiting();
      await here.answerQuestion({ id: question.id, answer: { text: 'This one' } });
      const answeredAt = performance.now();
      const { run: next, questions } = await claim;
      waits.push(performance.now() - answeredAt);
      expect(questions).toMatchObject([{ text, answer: { text: 'This one' } }]);
      await agent.completeTask({ runId: next?.id ?? '', resolution: 'done' });
    }
    reportMs('from the acknowledged answer to the claim of the waiting agent', waits);
    const [median] = waits.sort((one, other) => one - other).slice(7);
    expect(median).toBeLessThan(100);
  });
});

/** A claim that finds nothing marks its agent as seen, and then waits. */
async function markUnseen(): Promise<void> {
  await log.query("UPDATE agents SET last_seen_at = now() - interval '1 minute' WHERE name = 'waiting'");
}

const untilWaiting = () =>
  untilCount("agents WHERE name = 'waiting' AND last_seen_at > now() - interval '30 s'", 1);
