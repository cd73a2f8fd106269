import { describe, expect, it, vi } from 'vitest';
import type { Client } from '../support/client.js';
import { type SeenEvent, watchOverSse, watchOverWebSocket } from '../support/event-streams.js';
import { type Agent, anAgent, claim, complete, createTasks, reportProgress } from '../support/fleet.js';
import { reportMs } from '../support/measurements.js';
import { type RestartingServer, startRestartingServer } from '../support/restarting-server.js';

const kills = 10;
const batches = 20;
const tasksPerBatch = 20;
const taskCount = batches * tasksPerBatch;

/** What servers have confirmed, and therefore owe. */
interface Acknowledged {
  readonly taskIds: string[];
  readonly claims: { readonly runId: string; readonly taskId: string; readonly agentId: string }[];
  readonly completions: { readonly taskId: string; readonly resolution: string; readonly status: string }[];
  /** Whether all tasks that will ever be have been created. */
  isAllCreated: boolean;
}

describe('a server that is killed ten times while 8 agents work', () => {
  it('loses nothing that it has acknowledged, does nothing twice, and subscribers miss nothing', async () => {
    const server = await startRestartingServer();
    const { admin } = server;
    const agents = await Promise.all(
      Array.from({ length: 8 }, (_, index) => anAgent(admin, `agent-${index}`, 2)),
    );
    const after = await lastCursor(admin);
    const streams = [watchOverWebSocket, watchOverSse].map((watch) =>
      watch(admin, { after, reconnect: server.ready }),
    );
    const acknowledged: Acknowledged = { taskIds: [], claims: [], completions: [], isAllCreated: false };
    const work = Promise.all([
      create(server, acknowledged),
      ...agents.map((agent) => workAs(agent, server, acknowledged)),
    ]);
    await Promise.race([killAgainAndAgain(server, acknowledged), work]);
    await work;
    reportMs('start after a kill, until ready', server.startsMs.slice(1));

    await expectKept(admin, acknowledged);
    const log = await readLog(admin, after);
    expectOnce(log);
    for (const stream of streams) {
      await vi.waitFor(() => expect(stream.events.length).toBeGreaterThanOrEqual(log.length), 10_000);
      expect(stream.events).toEqual(log);
      expect(stream.connections()).toBeGreaterThan(kills / 2);
      stream.close();
    }
    expect(server.startsMs).toHaveLength(kills + 1);
    expect(server.logged('error')).toEqual([]);
  }, 120_000);
});

/** Kills in the middle of it: always some confirmations after the last start, never at the same place of the work. */
async function killAgainAndAgain(server: RestartingServer, { completions }: Acknowledged): Promise<void> {
  for (let kill = 0; kill < kills; kill += 1) {
    const enough = completions.length + 8 + ((kill * 7) % 15);
    await vi.waitFor(() => expect(completions.length).toBeGreaterThanOrEqual(enough), {
      timeout: 30_000,
      interval: 1,
    });
    await server.killAndRestart();
  }
}

async function create(server: RestartingServer, acknowledged: Acknowledged): Promise<void> {
  for (let batch = 0; batch < batches; batch += 1) {
    const inputs = Array.from({ length: tasksPerBatch }, (_, index) => ({
      title: `Task ${index} of batch ${batch}`,
      reviewPolicy: index % 2 === 0 ? 'SKIP' : 'REQUIRED',
      idempotencyKey: `task ${index} of batch ${batch}`,
    }));
    const created = await server.insist(() => createTasks(server.admin, inputs));
    acknowledged.taskIds.push(...created.map((task) => task.id));
  }
  acknowledged.isAllCreated = true;
}

/** Claims, reports and completes until nothing is left, and sends again whatever was not answered. */
async function workAs(agent: Agent, { insist }: RestartingServer, acknowledged: Acknowledged): Promise<void> {
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
async function expectKept(admin: Client, { taskIds, claims, completions }: Acknowledged): Promise<void> {
  const tasks = new Map((await readTasks(admin)).map((task) => [task.id, task]));
  expect(new Set(taskIds)).toEqual(new Set(tasks.keys()));
  expect(taskIds).toHaveLength(taskCount);
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

function expectOnce(log: readonly SeenEvent[]): void {
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

async function readLog(admin: Client, start: string | null): Promise<SeenEvent[]> {
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

async function lastCursor(admin: Client): Promise<string | null> {
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
