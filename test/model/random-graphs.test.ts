import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeTask } from '../../src/services/runs/complete-task.js';
import { createTasks } from '../../src/services/tasks/create-task.js';
import type { AgentRow } from '../../src/store/agents/agents.js';
import { claimFor, clearTasks } from '../support/factories/claims.js';
import { anAgent } from '../support/factories/factory.js';
import { aPipelineRun, readRun, step } from '../support/factories/pipelines.js';
import type { TestServices } from '../support/factories/services.js';
import { useTwoProcesses } from '../support/factories/use-services.js';

let services: TestServices;
let other: TestServices;
let agent: AgentRow;

useTwoProcesses(async (two) => {
  ({ services, other } = two);
  agent = await anAgent(services);
});

/** For each node the earlier nodes that it waits for. */
const graph = fc
  .integer({ min: 1, max: 10 })
  .chain((size) =>
    fc.tuple(
      ...Array.from({ length: size }, (_, node) =>
        fc.uniqueArray(fc.nat(Math.max(0, node - 1)), { maxLength: 3 }),
      ),
    ),
  )
  .map((nodes): number[][] => nodes.map((waitsFor, node) => (node === 0 ? [] : waitsFor)));
const anyOrder = fc.array(fc.nat(1_000), { minLength: 10, maxLength: 10 });
const madeBy = fc.constantFrom('createTasks', 'startPipeline');

async function make(nodes: readonly number[][], how: string): Promise<string | null> {
  await clearTasks(services);
  if (how === 'startPipeline') {
    const steps = nodes.map((waitsFor, node) => step(`${node}`, waitsFor.map(String)));
    return (await aPipelineRun(services, steps)).id;
  }
  const inputs = nodes.map((waitsFor, node) => ({
    title: `${node}`,
    key: `${node}`,
    dependsOnKeys: waitsFor.map(String),
    reviewPolicy: 'SKIP' as const,
  }));
  await createTasks(services, services.admin, inputs);
  return null;
}

/** Claims all claimable tasks and adds their runs to `held`, by node. */
async function claimInto(held: Map<number, string>, process: TestServices): Promise<void> {
  for (;;) {
    const { task, run } = await claimFor(process, agent, { maxCapacity: 100 });
    if (task === null || run === null) return;
    held.set(Number(task.title), run.id);
  }
}

/** The nodes that are not done although all their dependencies are. */
function listClaimable(nodes: readonly number[][], done: ReadonlySet<number>): number[] {
  const places = nodes.map((_, node) => node);
  return places.filter((node) => !done.has(node) && nodes[node]?.every((each) => done.has(each)));
}

async function expectRun(id: string | null, isOver: boolean): Promise<void> {
  if (id !== null) expect((await readRun(services, id)).status).toBe(isOver ? 'SUCCEEDED' : 'RUNNING');
}

describe('a random graph of tasks, completed in a random order', () => {
  it('offers exactly the tasks whose dependencies are all done', { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(graph, anyOrder, madeBy, async (nodes, order, how) => {
        const pipelineRunId = await make(nodes, how);
        const done = new Set<number>();
        const held = new Map<number, string>();
        for (const [turn, choice] of order.slice(0, nodes.length).entries()) {
          const process = turn % 2 ? services : other;
          await claimInto(held, process);
          const claimable = listClaimable(nodes, done);
          expect([...held.keys()].sort((a, b) => a - b)).toEqual(claimable);
          const next = claimable[choice % claimable.length] ?? -1;
          await completeTask(process, process.admin, { runId: held.get(next), resolution: 'done' });
          held.delete(next);
          done.add(next);
          await expectRun(pipelineRunId, done.size === nodes.length);
        }
        expect(done.size).toBe(nodes.length);
      }),
      { numRuns: 25 },
    );
  });
});
