import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pauseAgent, resumeAgent } from '../../../src/services/agents/pause-agent.js';
import { claimNextTask } from '../../../src/services/runs/claim-next-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { clearTasks, neverAborted } from '../../support/factories/claims.js';
import { anAgent } from '../../support/factories/factory.js';
import { type Graph, openGraph } from '../../support/graphql/graph.js';
import { insertTasks, type SeedTask } from '../../support/graphql/seed-tasks.js';

let graph: Graph;
let ann: AgentRow;
let bob: AgentRow;

beforeAll(async () => {
  graph = await openGraph();
  ann = await anAgent(graph.services, { name: 'ann' });
  bob = await anAgent(graph.services, { name: 'bob' });
});

afterAll(() => graph.close());

async function nextTask(): Promise<string | null> {
  return (await graph.get('{ nextTask(agent: { name: "ann" }) { id } }')).nextTask?.id ?? null;
}

async function claim(maxCapacity: number | null = 100) {
  return claimNextTask(
    graph.services,
    graph.services.admin,
    { agent: { id: ann.id }, maxCapacity },
    neverAborted,
  );
}

describe('nextTask', () => {
  it('is the task that the next claim gets, for any queue', async () => {
    const instant = (step: number) => new Date(Date.parse('2026-11-22T12:00:00Z') + step * 1_000);
    const queuedTask = fc.record({
      priority: fc.constantFrom('CRITICAL', 'HIGH', 'MEDIUM', 'LOW'),
      createdAt: fc.integer({ min: 0, max: 2 }).map(instant),
      dueAt: fc.option(fc.integer({ min: 0, max: 2 }).map(instant)),
      assigneeId: fc.constantFrom(null, 'ann', 'bob'),
      // A start long ago has passed, although no claim has updated the task yet. With a start far ahead the task waits.
      notBefore: fc.constantFrom(null, null, '2001-01-01', '2101-01-01'),
      openDependencies: fc.constantFrom(0, 0, 0, 1),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(queuedTask, { maxLength: 8 }), async (tasks) => {
        await clearTasks(graph.services);
        const ids = await insertTasks(
          graph,
          tasks.map(({ notBefore: _later, openDependencies: _open, assigneeId, ...task }): SeedTask => {
            const assignee = assigneeId === 'ann' ? ann.id : assigneeId === 'bob' ? bob.id : null;
            return { ...task, assigneeId: assignee, status: assignee === null ? 'INBOX' : 'ASSIGNED' };
          }),
        );
        for (const [i, { notBefore, openDependencies }] of tasks.entries()) {
          await graph.services.sql('UPDATE tasks SET not_before = $2, open_dependencies = $3 WHERE id = $1', [
            ids[i],
            notBefore,
            openDependencies,
          ]);
        }
        for (;;) {
          const expected = await nextTask();
          expect((await claim()).task?.id ?? null).toBe(expected);
          if (expected === null) return;
        }
      }),
      { numRuns: 40 },
    );
  });

  it('is null for an agent that is paused or at capacity', async () => {
    const { services } = graph;
    await clearTasks(services);
    await insertTasks(graph, [{}, {}]);
    await services.sql('UPDATE agents SET max_capacity = 1 WHERE id = $1', [ann.id]);
    await pauseAgent(services, services.admin, { id: ann.id });
    expect(await nextTask()).toBeNull();
    await resumeAgent(services, services.admin, { id: ann.id });
    expect(await nextTask()).not.toBeNull();
    expect((await claim(null)).reason).toBe('ASSIGNED');
    expect(await nextTask()).toBeNull();
    expect((await claim(null)).reason).toBe('AT_CAPACITY');
  });
});
