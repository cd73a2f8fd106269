import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AttackedServer, startAttackedServer } from '../support/servers/attacked-server.js';
import { anAgent, aTask, claim, claimWork } from '../support/servers/fleet.js';
import { readMemory } from '../support/servers/process-memory.js';
import { codesIn, expectHarmless } from '../support/wires/expect-harmless.js';

let besieged: AttackedServer;
/** The id of a comment. */
let commentId: string;

beforeAll(async () => {
  besieged = await startAttackedServer({ MC_READ_TIMEOUT: '500ms' });
  const { admin, secretTask, databaseUrl } = besieged;
  const { addComment } = await admin.ask<{ addComment: { comment: { id: string } } }>(
    'mutation ($input: AddCommentInput!) { addComment(input: $input) { comment { id } errors { message } } }',
    { input: { task: { id: secretTask.id }, body: 'A comment' } },
  );
  commentId = addComment.comment.id;
  await fill(databaseUrl);
});

// Runs after all tests of this file.
afterAll(() => besieged.stopUnharmed());

/** Inserts 2,000 tasks with long texts, which wait for nothing and that agents can't claim. */
async function fill(databaseUrl: string): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    await client.query(`INSERT INTO tasks (id, title, description, status, starts_at, not_before)
      SELECT 'task_' || i, 'Title ' || i, repeat('word ' || i || ' ', 1000), 'INBOX', now() + interval '1 year', now() + interval '1 year'
      FROM generate_series(1, 2000) i`);
  });
}

async function withClient<Result>(
  databaseUrl: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** An agent's turn: it claims a task, and says that it is alive. Returns how long each of both took, in milliseconds. */
async function workOnce(): Promise<number[]> {
  const { admin, victim } = besieged;
  await aTask(admin, { assignee: { name: victim.name }, priority: 'CRITICAL' });
  const claimed = await timeOf(() => claimWork(victim.client));
  const heartbeat =
    'mutation { heartbeat(input: {}) { agent { id } runs { id task { id } } errors { message } } }';
  return [claimed, await timeOf(() => victim.client.ask(heartbeat))];
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** The times of several turns, one after the other, from the shortest. */
async function workFor(turns: number): Promise<number[]> {
  const times: number[] = [];
  for (let turn = 0; turn < turns; turn += 1) times.push(...(await workOnce()));
  return times.sort((a, b) => a - b);
}

const medianOf = (times: readonly number[]) => times[Math.floor(times.length / 2)]!;

/**
 * A claim and a heartbeat may take three times as long as on an idle server, and this long on a busy machine.
 */
const FLOOR_MS = 250;

const searches = (count: number) =>
  `{ or: [${Array.from({ length: count }, (_, i) => `{ search: "absent ${i}" }`)}] }`;
const counts = (aliases: number, leaves: number) =>
  `{ ${Array.from({ length: aliases }, (_, i) => `a${i}: tasks(filter: ${searches(leaves)}) { totalCount }`).join(' ')} }`;

describe('the searches of a viewer', () => {
  it.each([
    ['45 in six aliases, which are refused', counts(6, 45)],
    ['as many as one request may have', counts(9, 1)],
  ])('do not delay claims and heartbeats, and take no memory: %s', async (_case, document) => {
    const { server, clients } = besieged;
    await workFor(5);
    const idleMs = medianOf(await workFor(10));
    const before = await readMemory(server.pid);
    const attack = Promise.all(Array.from({ length: 12 }, () => clients.VIEWER.send(document)));
    const busyMs = medianOf(await workFor(10));
    for (const answer of await attack) {
      expectHarmless(answer);
      // On a busy machine the last of them wait longer than an operation may.
      expect([['QUERY_TOO_COMPLEX'], ['RATE_LIMITED'], []]).toContainEqual(codesIn(answer));
    }
    expect(busyMs).toBeLessThan(Math.max(FLOOR_MS, 3 * idleMs));
    expect((await readMemory(server.pid)) - before).toBeLessThan(100_000_000);
  });

  it('are refused before they run if they are too many', async () => {
    const answer = await besieged.clients.VIEWER.send(counts(6, 45));
    expect(codesIn(answer)).toEqual(['QUERY_TOO_COMPLEX']);
    expect(answer.errors?.[0]?.message).toContain('complexity');
  });
});

describe('reads that the database can’t answer in time', () => {
  const lists = '{ task(ref: { ref: "TASK-1" }) { comments { totalCount } } }';

  it('are stopped, and delay neither claims nor heartbeats meanwhile', async () => {
    const { clients, databaseUrl } = besieged;
    const idleMs = medianOf(await workFor(10));
    await withClient(databaseUrl, async (client) => {
      await client.query('BEGIN; LOCK TABLE comments IN ACCESS EXCLUSIVE MODE');
      const reads = Promise.all(Array.from({ length: 12 }, () => clients.ADMIN.send(lists)));
      const busyMs = medianOf(await workFor(10));
      for (const answer of await reads) {
        expectHarmless(answer);
        expect(codesIn(answer)).toEqual(['QUERY_TOO_COMPLEX']);
        expect(answer.errors).toHaveLength(1);
        expect(answer.errors?.[0]?.message).toContain('stopped this query after 0.5 seconds');
      }
      expect(busyMs).toBeLessThan(Math.max(FLOOR_MS, 3 * idleMs));
    });
  });

  it('are stopped by the same refusal if Prisma reads the rows', async () => {
    const { clients, databaseUrl } = besieged;
    await withClient(databaseUrl, async (client) => {
      await client.query('BEGIN; LOCK TABLE comments IN ACCESS EXCLUSIVE MODE');
      const answer = await clients.ADMIN.send(`{ node(id: "${commentId}") { id ... on Comment { body } } }`);
      expectHarmless(answer);
      expect(codesIn(answer)).toEqual(['QUERY_TOO_COMPLEX']);
    });
  });
});

describe('the operations of one key', () => {
  it('do not delay the lists of another, however many search', async () => {
    const { clients, admin } = besieged;
    const list = () => timeOf(() => admin.ask('{ tasks(first: 5) { nodes { id title } } }'));
    const medianOfLists = async () => {
      const times: number[] = [];
      for (let turn = 0; turn < 10; turn += 1) times.push(await list());
      return medianOf(times.sort((a, b) => a - b));
    };
    const idleMs = await medianOfLists();
    const attack = Promise.all(Array.from({ length: 24 }, () => clients.VIEWER.send(counts(9, 1))));
    const busyMs = await medianOfLists();
    for (const answer of await attack) expectHarmless(answer);
    expect(busyMs).toBeLessThan(Math.max(FLOOR_MS, 3 * idleMs));
  });

  it('are not counted while they are claims that wait for work', async () => {
    const { admin } = besieged;
    const waiting = await Promise.all(Array.from({ length: 10 }, (_, i) => anAgent(admin, `waiter-${i}`)));
    const gone = new AbortController();
    const wait = ({ name }: { name: string }) =>
      claim(admin, { agent: { name }, tags: ['none'], waitSeconds: 60 }, gone.signal);
    const claims = Promise.allSettled(waiting.map(wait));
    expect(await timeOf(() => aTask(admin, { assignee: { name: 'victim' } }))).toBeLessThan(10_000);
    gone.abort();
    expect((await claims).every(({ status }) => status === 'rejected')).toBe(true);
  });
});

describe('calls that create a hundred tasks with a hundred dependencies each', () => {
  it('do not delay claims and heartbeats', async () => {
    const { server, clients } = besieged;
    const startsAt = '2099-01-01T00:00:00Z';
    const inputs = (dependsOn: readonly object[]) =>
      Array.from({ length: 100 }, (_, index) => ({ title: `Task ${index}`, startsAt, dependsOn }));
    const create =
      'mutation ($inputs: [CreateTaskInput!]!) { createTasks(inputs: $inputs) { tasks { id } errors { message } } }';
    const { createTasks } = await clients.OPERATOR.ask<{ createTasks: { tasks: { id: string }[] } }>(create, {
      inputs: inputs([]),
    });
    const dependsOn = createTasks.tasks.map(({ id }) => ({ id }));
    const idleMs = medianOf(await workFor(10));
    const before = await readMemory(server.pid);
    const attack = Promise.all(
      Array.from({ length: 4 }, () => clients.OPERATOR.ask(create, { inputs: inputs(dependsOn) })),
    );
    const busyMs = medianOf(await workFor(10));
    await attack;
    expect(busyMs).toBeLessThan(Math.max(FLOOR_MS, 3 * idleMs));
    expect((await readMemory(server.pid)) - before).toBeLessThan(100_000_000);
  });
});
