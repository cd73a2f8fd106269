import { describe, expect, it, vi } from 'vitest';
import type { Client } from '../support/servers/client.js';
import { type Agent, anAgent, claim } from '../support/servers/fleet.js';
import { type RestartingServer, startRestartingServer } from '../support/servers/restarting-server.js';

const WIDTH = 10;
const STEPS = 60;

/** Six layers. Each step depends on all steps of the layer before. Every task has a follow-up. */
const steps = Array.from({ length: STEPS }, (_, i) => {
  const before = i - WIDTH - (i % WIDTH);
  const dependsOn = before < 0 ? [] : Array.from({ length: WIDTH }, (_, j) => `s${before + j}`);
  return { key: `s${i}`, dependsOn, template: { title: `{{what}} ${i}`, reviewPolicy: 'SKIP' } };
});

interface Run {
  readonly id: string;
  readonly status: string;
  readonly tasks: { readonly status: string; readonly runs: { totalCount: number } }[];
}

function start(admin: Client, idempotencyKey: string): Promise<string> {
  return admin
    .ask<{ startPipeline: { pipelineRun: { id: string } } }>(
      `mutation ($key: String!) {
        startPipeline(input: { name: "layers", variables: { what: "Step" }, idempotencyKey: $key }) { pipelineRun { id } errors { code message } }
      }`,
      { key: idempotencyKey },
    )
    .then(({ startPipeline }) => startPipeline.pipelineRun.id);
}

async function readRuns(admin: Client): Promise<Run[]> {
  const { pipeline } = await admin.ask<{ pipeline: { runs: { nodes: Run[] } } }>(
    '{ pipeline(name: "layers") { runs(first: 10) { nodes { id status tasks { status runs { totalCount } } } } } }',
  );
  return pipeline.runs.nodes;
}

/** Claims and completes with a follow-up each, repeating lost calls, until the inbox is empty. */
async function drain(agent: Agent, { retryUntilAnswered }: RestartingServer, done: string[]): Promise<void> {
  for (let turn = 0; done.length < 2 * STEPS; turn += 1) {
    const key = `${agent.name} ${turn}`;
    const { task, run } = await retryUntilAnswered(() =>
      claim(agent.client, { idempotencyKey: key, waitSeconds: 1 }),
    );
    if (task === null || run === null) continue;
    const followUps = task.title.startsWith('Step')
      ? [{ title: `after ${task.title}`, reviewPolicy: 'SKIP' }]
      : [];
    const input = { runId: run.id, resolution: 'done', idempotencyKey: key, followUps };
    await retryUntilAnswered(() =>
      agent.client.ask(
        'mutation ($input: CompleteTaskInput!) { completeTask(input: $input) { followUps { id } errors { code message } } }',
        { input },
      ),
    );
    done.push(task.title);
  }
}

describe('a server that is killed', () => {
  it('while pipelines are started and worked on starts each once and completely, and duplicates no follow-up', async () => {
    const server = await startRestartingServer();
    const { admin, retryUntilAnswered } = server;
    await admin.ask(
      'mutation ($steps: [PipelineStepInput!]!) { createPipeline(input: { name: "layers", steps: $steps }) { errors { code message } } }',
      { steps },
    );
    // Each start is killed a few answers later than the one before, from its first statement until after its commit.
    const ids: string[] = [];
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const started = retryUntilAnswered(() => start(admin, `start ${attempt}`));
      for (let answer = 0; answer < 3 * attempt; answer += 1) await admin.ask('{ viewer { role } }');
      await server.killAndRestart();
      ids.push(await started);
    }
    const runs = await readRuns(admin);
    expect(runs.map(({ id }) => id)).toEqual([...ids].reverse());
    expect(runs.map(({ tasks }) => tasks.length)).toEqual(ids.map(() => STEPS));
    for (const id of ids.slice(1)) {
      await admin.ask('mutation ($id: ID!) { cancelPipelineRun(id: $id) { errors { code message } } }', {
        id,
      });
    }

    const agents = await Promise.all([0, 1, 2, 3].map((i) => anAgent(admin, `agent-${i}`)));
    const done: string[] = [];
    const drained = Promise.all(agents.map((agent) => drain(agent, server, done)));
    for (const enough of [15, 45, 90]) {
      await vi.waitFor(() => expect(done.length).toBeGreaterThanOrEqual(enough), {
        timeout: 30_000,
        interval: 1,
      });
      await server.killAndRestart();
    }
    await drained;
    expect(new Set(done).size).toBe(2 * STEPS);
    const [first] = (await readRuns(admin)).slice(-1);
    expect(first).toMatchObject({ id: ids[0], status: 'SUCCEEDED' });
    expect(first?.tasks.map(({ status, runs }) => [status, runs.totalCount])).toEqual(
      Array.from({ length: STEPS }, () => ['DONE', 1]),
    );
    // Waits, because the log shows an event a moment after its commit.
    await vi.waitFor(async () => {
      const { tasks, events } = await admin.ask<{
        tasks: { totalCount: number };
        events: { totalCount: number };
      }>(
        `query ($id: ID!) {
          tasks(filter: { search: "after Step" }) { totalCount }
          events(filter: { pipelineRunId: $id, types: ["pipeline.finished"] }) { totalCount }
        }`,
        { id: ids[0] },
      );
      expect([tasks.totalCount, events.totalCount]).toEqual([STEPS, 1]);
    }, 20_000);
    expect(server.logged('error')).toEqual([]);
  }, 300_000);
});
