import { expect, vi } from 'vitest';
import type { SeenEvent } from '../wires/event-streams.js';
import type { Client } from './client.js';
import { type Agent, aTask, claim, complete, createTasks, reportProgress } from './fleet.js';

/** Repeats a call, as a careful client does, until some server has answered it. */
export type Insist = <T>(call: () => Promise<T>) => Promise<T>;

/** How much there is to do. */
export interface Plan {
  readonly batches: number;
  readonly tasksPerBatch: number;
}

/** What servers have confirmed, and therefore owe. */
export interface Acknowledged {
  readonly taskIds: string[];
  readonly claims: { readonly runId: string; readonly taskId: string; readonly agentId: string }[];
  readonly completions: { readonly taskId: string; readonly resolution: string; readonly status: string }[];
  /** Whether all tasks that will ever be have been created. */
  isAllCreated: boolean;
}

/** Creates all tasks, half of them to be reviewed. */
export async function createAll(
  admin: Client,
  insist: Insist,
  plan: Plan,
  acknowledged: Acknowledged,
): Promise<void> {
  for (let batch = 0; batch < plan.batches; batch += 1) {
    const inputs = Array.from({ length: plan.tasksPerBatch }, (_, index) => ({
      title: `Task ${index} of batch ${batch}`,
      reviewPolicy: index % 2 === 0 ? 'SKIP' : 'REQUIRED',
      idempotencyKey: `task ${index} of batch ${batch}`,
    }));
    const created = await insist(() => createTasks(admin, inputs));
    acknowledged.taskIds.push(...created.map((task) => task.id));
  }
  acknowledged.isAllCreated = true;
}

/** Claims, reports and completes until nothing is left, and sends again whatever was not answered. */
export async function workAs(agent: Agent, insist: Insist, acknowledged: Acknowledged): Promise<void> {
  for (let turn = 0; ; turn += 1) {
    const isLastLook = acknowledged.isAllCreated;
    const idempotencyKey = `${agent.name}, turn ${turn}`;
    const { reason, task, run } = await insist(() =>
      claim(agent.client, { idempotencyKey, waitSeconds: isLastLook ? 0 : 2 }),
    );
    if (!task || !run) {
      expect(reason).toBe('NO_TASKS_AVAILABLE');
      if (isLastLook) return;
      continue;
    }
    acknowledged.claims.push({ runId: run.id, taskId: task.id, agentId: agent.id });
    await insist(() => reportProgress(agent.client, run.id, 'half of it'));
    const resolution = `${task.ref} done by ${agent.name} in turn ${turn}`;
    const status = await insist(() => complete(agent.client, { runId: run.id, resolution, idempotencyKey }));
    acknowledged.completions.push({ taskId: task.id, resolution, status });
  }
}

interface KeptTask {
  readonly id: string;
  readonly status: string;
  readonly resolution: string | null;
  readonly runs: { readonly nodes: readonly { id: string; outcome: string; agent: { id: string } }[] };
}

/** Every confirmation is borne out by what is stored now, and every task was worked on by one run. */
export async function expectKept(
  admin: Client,
  { taskIds, claims, completions }: Acknowledged,
): Promise<void> {
  const taskCount = taskIds.length;
  const tasks = new Map((await readTasks(admin)).map((task) => [task.id, task]));
  expect(new Set(taskIds)).toEqual(new Set(tasks.keys()));
  expect(new Set(claims.map(({ runId }) => runId)).size).toBe(taskCount);
  expect(new Set(claims.map(({ taskId }) => taskId)).size).toBe(taskCount);
  for (const { runId, taskId, agentId } of claims) {
    expect(tasks.get(taskId)?.runs.nodes).toEqual([
      { id: runId, outcome: 'SUCCEEDED', agent: { id: agentId } },
    ]);
  }
  expect(new Set(completions.map(({ taskId }) => taskId)).size).toBe(taskCount);
  for (const { taskId, ...completion } of completions) expect(tasks.get(taskId)).toMatchObject(completion);
}

/**
 * The log after a cursor, which tells each step of each task once, up to the creation of one more task by `witness`.
 * Waited for: the log shows an event only when every older transaction has ended, such as PostgreSQL's own.
 */
export async function readLogOfAll(
  admin: Client,
  { start, taskCount, witness = admin }: { start: string | null; taskCount: number; witness?: Client },
): Promise<SeenEvent[]> {
  await aTask(witness, { title: 'After all of it' });
  return vi.waitFor(async () => {
    const log = await readLog(admin, start);
    expectOnce(log.slice(0, -1), taskCount);
    return log;
  }, 20_000);
}

/** The log tells each step of each task once. */
function expectOnce(log: readonly SeenEvent[], taskCount: number): void {
  const counts: Record<string, number> = {};
  for (const { type } of log) counts[type] = (counts[type] ?? 0) + 1;
  expect(counts).toMatchObject({
    'task.created': taskCount,
    'task.claimed': taskCount,
    'run.started': taskCount,
    'run.succeeded': taskCount,
    'task.completed': taskCount,
    'review.requested': taskCount / 2,
  });
  // A report of progress has no key by which a repeat is told from another one.
  expect(counts['run.progress']).toBeGreaterThanOrEqual(taskCount);
  expect(
    Object.keys(counts).filter((type) => /requeued|failed|cancelled|released|expired/.test(type)),
  ).toEqual([]);
}

async function readTasks(admin: Client): Promise<KeptTask[]> {
  return readPages<KeptTask>(async (after) => {
    const { tasks } = await admin.ask<{ tasks: Page<KeptTask> }>(
      `query ($after: Cursor) {
        tasks(first: 100, after: $after) {
          nodes { id status resolution runs(first: 3) { nodes { id outcome agent { id } } } }
          pageInfo { endCursor hasNextPage }
        }
      }`,
      { after },
    );
    return tasks;
  }, null);
}

/** The whole log after a cursor. */
export async function readLog(admin: Client, start: string | null): Promise<SeenEvent[]> {
  return readPages<SeenEvent>(async (after) => {
    const { events } = await admin.ask<{ events: Page<SeenEvent> }>(
      `query ($after: Cursor) {
        events(first: 100, after: $after) { nodes { cursor id type } pageInfo { endCursor hasNextPage } }
      }`,
      { after },
    );
    return events;
  }, start);
}

/** Where the log ends now. */
export async function lastCursor(admin: Client): Promise<string | null> {
  const { events } = await admin.ask<{ events: { nodes: SeenEvent[] } }>(
    '{ events(last: 1) { nodes { cursor id type } } }',
  );
  return events.nodes[0]?.cursor ?? null;
}

interface Page<Node> {
  readonly nodes: readonly Node[];
  readonly pageInfo: { readonly endCursor: string | null; readonly hasNextPage: boolean };
}

async function readPages<Node>(
  read: (after: string | null) => Promise<Page<Node>>,
  start: string | null,
): Promise<Node[]> {
  const all: Node[] = [];
  for (let after = start; ; ) {
    const { nodes, pageInfo } = await read(after);
    all.push(...nodes);
    if (!pageInfo.hasNextPage) return all;
    after = pageInfo.endCursor;
  }
}
