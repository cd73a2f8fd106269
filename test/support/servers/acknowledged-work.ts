import { expect, vi } from 'vitest';
import type { SeenEvent } from '../wires/event-streams.js';
import type { Client } from './client.js';
import { type Agent, aTask, claim, complete, createTasks, reportProgress } from './fleet.js';

/** Repeats a call, like a careful client, until a server has answered it. */
export type RetryUntilAnswered = <T>(call: () => Promise<T>) => Promise<T>;

/** The amount of work. */
export interface Plan {
  readonly batches: number;
  readonly tasksPerBatch: number;
}

/** What servers have acknowledged, and therefore must have stored. */
export interface Acknowledged {
  readonly taskIds: string[];
  readonly claims: { readonly runId: string; readonly taskId: string; readonly agentId: string }[];
  readonly completions: { readonly taskId: string; readonly resolution: string; readonly status: string }[];
  /** Whether all tasks have been created. */
  isAllCreated: boolean;
}

/** Creates all tasks. Half of them require a review. */
export async function createAll(
  admin: Client,
  retryUntilAnswered: RetryUntilAnswered,
  plan: Plan,
  acknowledged: Acknowledged,
): Promise<void> {
  for (let batch = 0; batch < plan.batches; batch += 1) {
    const inputs = Array.from({ length: plan.tasksPerBatch }, (_, index) => ({
      title: `Task ${index} of batch ${batch}`,
      reviewPolicy: index % 2 === 0 ? 'SKIP' : 'REQUIRED',
      idempotencyKey: `task ${index} of batch ${batch}`,
    }));
    const created = await retryUntilAnswered(() => createTasks(admin, inputs));
    acknowledged.taskIds.push(...created.map((task) => task.id));
  }
  acknowledged.isAllCreated = true;
}

/** Claims, reports and completes until no task is left, and repeats every unanswered call. */
export async function workAs(
  agent: Agent,
  retryUntilAnswered: RetryUntilAnswered,
  acknowledged: Acknowledged,
): Promise<void> {
  for (let turn = 0; ; turn += 1) {
    const isLastClaim = acknowledged.isAllCreated;
    const idempotencyKey = `${agent.name}, turn ${turn}`;
    const { reason, task, run } = await retryUntilAnswered(() =>
      claim(agent.client, { idempotencyKey, waitSeconds: isLastClaim ? 0 : 2 }),
    );
    if (!task || !run) {
      expect(reason).toBe('NO_TASKS_AVAILABLE');
      if (isLastClaim) return;
      continue;
    }
    acknowledged.claims.push({ runId: run.id, taskId: task.id, agentId: agent.id });
    await retryUntilAnswered(() => reportProgress(agent.client, run.id, 'half of it'));
    const resolution = `${task.ref} done by ${agent.name} in turn ${turn}`;
    const status = await retryUntilAnswered(() =>
      complete(agent.client, { runId: run.id, resolution, idempotencyKey }),
    );
    acknowledged.completions.push({ taskId: task.id, resolution, status });
  }
}

interface StoredTask {
  readonly id: string;
  readonly status: string;
  readonly resolution: string | null;
  readonly runs: { readonly nodes: readonly { id: string; outcome: string; agent: { id: string } }[] };
}

/** Expects that everything acknowledged is stored, and that each task has exactly one run. */
export async function expectStored(
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
 * Reads the log after a cursor, up to the creation of one more task by `witness`, and expects each step of each task once. It
 * waits, because the log shows an event a moment after its commit.
 */
export async function readLogOfAll(
  admin: Client,
  { start, taskCount, witness = admin }: { start: string | null; taskCount: number; witness?: Client },
): Promise<SeenEvent[]> {
  // It can't be claimed: a claim that a frozen server finds in its sockets when it continues may still wait for a task.
  await aTask(witness, { title: 'After all of it', startsAt: '2099-01-01T00:00:00Z' });
  return vi.waitFor(async () => {
    const log = await readLog(admin, start);
    expectOnce(log.slice(0, -1), taskCount);
    return log;
  }, 20_000);
}

/** Expects each step of each task once in the log. */
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
  // A report of progress has no idempotency key, so a repeat counts as another one.
  expect(counts['run.progress']).toBeGreaterThanOrEqual(taskCount);
  expect(
    Object.keys(counts).filter((type) => /requeued|failed|cancelled|released|expired/.test(type)),
  ).toEqual([]);
}

async function readTasks(admin: Client): Promise<StoredTask[]> {
  return readPages<StoredTask>(async (after) => {
    const { tasks } = await admin.ask<{ tasks: Page<StoredTask> }>(
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

/** Reads the whole log after a cursor. */
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

/** The cursor of the last event. */
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
