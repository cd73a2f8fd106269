import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { sqlOf } from '../support/postgres/sql.js';
import { reportMs } from '../support/runner/measurements.js';
import { type Client, createClient } from '../support/servers/client.js';
import {
  type Agent,
  anAgent,
  aTask,
  type Claim,
  type CreatedTask,
  claim,
  claimWork,
  complete,
  createTasks,
  type NewTask,
} from '../support/servers/fleet.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';

const taskCount = 2_000;
const priorities = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'] as const;

let database: TestDatabase;
let pool: pg.Pool;
let servers: ServerProcess[] = [];
/** An admin client of each server. */
let admins: [Client, Client];

beforeAll(async () => {
  database = await createTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 2 });
  servers = await Promise.all([1, 2].map(() => startServer({ databaseUrl: database.url })));
  admins = [createClient(servers[0]!), createClient(servers[1]!)];
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await pool.end();
  await database.drop();
});

describe('two server processes on one database', () => {
  it('assign 2,000 mixed tasks to 16 agents, each once, in queue order and within capacity', async () => {
    const agents = await Promise.all(
      Array.from({ length: 16 }, (_, index) => anAgent(admins[0], `agent-${index}`, (index % 4) + 1)),
    );
    const wanted = Array.from({ length: taskCount }, (_, index) => aMixedTask(index, agents));
    const created = await createTasks(admins[0], wanted);
    const queue = new Map(created.map((task, index) => [task.id, { ...task, ...wanted[index]! }]));

    const excesses: string[] = [];
    const look = async () => excesses.push(...(await findExcesses(agents)));
    const startedAt = performance.now();
    const shifts = await Promise.all(agents.map((agent, index) => work(agent, index, look)));
    reportMs(`claiming ${taskCount} tasks and completing most`, [performance.now() - startedAt]);

    const handedOut = shifts.flatMap((shift) => shift.claimed);
    expect(new Set(handedOut).size).toBe(taskCount);
    expect(handedOut).toHaveLength(taskCount);
    for (const [index, { claimed }] of shifts.entries()) {
      const tasks = claimed.map((id) => queue.get(id)!);
      expect(tasks.map(nameOf)).toEqual([...tasks].sort(byQueue).map(nameOf));
      for (const { assignee } of tasks) expect([undefined, agents[index]!.name]).toContain(assignee?.name);
    }
    expect(excesses).toEqual([]);

    const held = shifts.flatMap((shift) => shift.held);
    expect(await countBy('tasks', 'status')).toEqual({
      ...(held.length > 0 ? { IN_PROGRESS: held.length } : {}),
      ...countValues(shifts.flatMap((shift) => shift.statuses)),
    });
    expect(await countBy('task_runs', 'outcome')).toEqual({
      ...(held.length > 0 ? { RUNNING: held.length } : {}),
      SUCCEEDED: taskCount - held.length,
    });
    expect(await countBy('events', 'type')).toMatchObject({
      'task.created': taskCount,
      'task.claimed': taskCount,
      'run.started': taskCount,
      'task.completed': taskCount - held.length,
    });
  }, 300_000);

  it.each([
    ['the same process', 0, 0],
    ['the other process', 0, 1],
  ])(
    'answers a claim that waits as soon as a task is created on %s',
    async (where, waitingOn, creatingOn) => {
      const agent = await anAgent(admins[0], `waiting-for-${where.replaceAll(' ', '-')}`, 100);
      const samples: number[] = [];
      const waits: number[] = [];
      for (let round = 0; round < 15; round += 1) {
        const waiting = timed(claimOn(agent, waitingOn, { waitSeconds: 20 }));
        await overtake(waitingOn);
        const creation = timed(aTask(admins[creatingOn]!, { assignee: { name: agent.name } }));
        const [claimed, created] = await Promise.all([waiting, creation]);
        expect(claimed.result.task?.id).toBe(created.result.id);
        samples.push(claimed.at - created.begunAt);
        waits.push(claimed.at - claimed.begunAt);
      }
      reportMs(`a waiting claim, from the createTask that another client sends on ${where}`, samples);
      // A claim that is not woken polls after ten seconds, so each of these was woken. The benchmark measures how fast:
      // here the machine is shared.
      expect(Math.max(...waits)).toBeLessThan(10_000);
    },
  );

  it('wake one waiting claim per task of the inbox, on whichever process it waits', async () => {
    const agents = await Promise.all(
      Array.from({ length: 6 }, (_, index) => anAgent(admins[0], `idle-${index}`)),
    );
    const waiting = agents.map((agent, index) => claimOn(agent, index % 2, { waitSeconds: 20 }));
    await Promise.all([overtake(0), overtake(1)]);
    const tasks = await createTasks(
      admins[1],
      agents.map((_, index) => ({ title: `For anybody ${index}` })),
    );
    const claims = await Promise.all(waiting);
    expect(claims.map(({ task }) => task?.id).sort()).toEqual(tasks.map(({ id }) => id).sort());
  });
});

interface Shift {
  readonly claimed: readonly string[];
  /** Open runs. */
  readonly held: readonly string[];
  /** The statuses of completed tasks. */
  readonly statuses: readonly string[];
}

/**
 * Claims from both servers in turn until no task is left, and completes the oldest task when it is at capacity. Now and then it
 * also checks the invariants while the other agents work.
 */
async function work(agent: Agent, start: number, look: () => Promise<unknown>): Promise<Shift> {
  const claimed: string[] = [];
  const held: string[] = [];
  const statuses: string[] = [];
  for (let turn = start; ; turn += 1) {
    if (turn % 20 === 0) await look();
    // At capacity it sometimes claims anyway, and expects a refusal.
    if (held.length < agent.capacity || turn % 5 === 0) {
      const { reason, task, run } = await claimOn(agent, turn % 2);
      if (reason === 'NO_TASKS_AVAILABLE') return { claimed, held, statuses };
      if (task && run) {
        claimed.push(task.id);
        held.push(run.id);
        continue;
      }
      expect([reason, held.length]).toEqual(['AT_CAPACITY', agent.capacity]);
    }
    const client = createClient(servers[(turn + 1) % 2]!, agent.client.secret);
    statuses.push(await complete(client, { runId: held.shift(), resolution: 'done' }));
  }
}

function claimOn(agent: Agent, server: number, input: object = {}): Promise<Claim> {
  return claim(createClient(servers[server]!, agent.client.secret), input);
}

/** Resolves when a later claim has been answered. Then every earlier claim on this server is waiting. */
async function overtake(server: number): Promise<void> {
  const other = await anAgent(admins[server]!, `overtaker-${server}`, 100);
  await claimWork(createClient(servers[server]!, other.client.secret)).catch(() => undefined);
}

function aMixedTask(index: number, agents: readonly Agent[]): NewTask {
  // A few hundred times, so that many tasks differ only in the last sort keys.
  const dueAt = index % 3 === 0 ? null : new Date(Date.UTC(2027, 0, 1, (index * 7) % 300)).toISOString();
  return {
    title: `Task ${index}`,
    priority: priorities[(index * 13) % 4]!,
    ...(dueAt ? { dueAt } : {}),
    ...(index % 5 === 0 ? { assignee: { name: agents[(index / 5) % agents.length]!.name } } : {}),
    reviewPolicy: index % 10 === 0 ? 'SKIP' : 'REQUIRED',
  };
}

type Queued = CreatedTask & NewTask;

/** The documented order: priority, due date (none last), creation, number. */
function byQueue(one: Queued, other: Queued): number {
  const rank = ({ priority }: Queued) => priorities.indexOf(priority as (typeof priorities)[number]);
  const due = ({ dueAt }: Queued) => (dueAt ? Date.parse(dueAt) : Number.MAX_SAFE_INTEGER);
  const number = ({ ref }: Queued) => Number(ref.replace('TASK-', ''));
  return (
    rank(one) - rank(other) ||
    due(one) - due(other) ||
    Date.parse(one.createdAt) - Date.parse(other.createdAt) ||
    number(one) - number(other)
  );
}

function nameOf({ ref, priority, dueAt }: Queued): string {
  return `${ref} ${priority} ${dueAt ?? 'whenever'}`;
}

/** The agents above their capacity. */
async function findExcesses(agents: readonly Agent[]): Promise<string[]> {
  const capacity = new Map(agents.map((agent) => [agent.id, agent.capacity]));
  const rows = await sqlOf(pool)<{ agent_id: string; open: number }>(
    'SELECT agent_id, count(*)::int AS open FROM task_runs WHERE finished_at IS NULL GROUP BY agent_id',
  );
  const excesses = rows.filter(({ agent_id: id, open }) => open > (capacity.get(id) ?? 0));
  return excesses.map(({ agent_id: id, open }) => `${id} holds ${open}`);
}

async function countBy(
  table: 'tasks' | 'task_runs' | 'events',
  column: string,
): Promise<Record<string, number>> {
  const rows = await sqlOf(pool)<{ name: string; count: number }>(
    `SELECT ${column}::text AS name, count(*)::int AS count FROM ${table} GROUP BY 1`,
  );
  return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
}

function countValues(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

interface Timed<T> {
  readonly result: T;
  readonly begunAt: number;
  readonly at: number;
}

async function timed<T>(work: Promise<T>): Promise<Timed<T>> {
  const begunAt = performance.now();
  const result = await work;
  return { result, begunAt, at: performance.now() };
}
