import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { updateAgent } from '../../../src/services/agents/register-agent.js';
import { toPresenceRules } from '../../../src/services/presence-rules.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { releaseTask } from '../../../src/services/runs/release-task.js';
import { assignTask } from '../../../src/services/tasks/assign-task.js';
import { createTasks } from '../../../src/services/tasks/create-task.js';
import { updateTask } from '../../../src/services/tasks/update-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { peekNextTask } from '../../../src/store/runs/peek-next-task.js';
import type { TaskRow } from '../../../src/store/tasks/tasks.js';
import { compareInQueue } from '../../model/queue-order.js';
import { claimAll, claimFor, clearTasks } from '../../support/factories/claims.js';
import { anAgent, aTask } from '../../support/factories/factory.js';
import { createTestServices, openTestServices, type TestServices } from '../../support/factories/services.js';

let services: TestServices;
let other: TestServices;

beforeAll(async () => {
  services = await createTestServices();
  other = await openTestServices(services.database.connectionString);
});
beforeEach(() => clearTasks(services));
afterAll(async () => {
  await other.close();
  await services.close();
});

const WORDS = ['gpu', 'python', 'web'];
const PRIORITIES = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'] as const;

const mayDo = (agent: AgentRow, task: Pick<TaskRow, 'requires'>) =>
  task.requires.every((word) => agent.capabilities.includes(word));

describe('a task that requires capabilities', () => {
  it('goes to no agent that lacks one, whether it is in the inbox or assigned to that agent', async () => {
    const agent = await anAgent(services, { capabilities: ['gpu'] });
    const { id } = await aTask(services, { requires: ['python', 'gpu', 'gpu'] });
    const own = await aTask(services, { requires: ['python'], assignee: { id: agent.id } });
    expect((await claimFor(services, agent)).reason).toBe('NO_TASKS_AVAILABLE');
    await updateAgent(services, services.admin, {
      agent: { id: agent.id },
      capabilities: ['web', 'gpu', 'python'],
    });
    const claims = [await claimFor(services, agent), await claimFor(services, agent)];
    expect(claims.map(({ task }) => task?.id)).toEqual([id, own.id]);
  });

  it('can be given to any agent once an edit has taken the requirement away', async () => {
    const agent = await anAgent(services);
    const { id } = await aTask(services, { requires: ['gpu'] });
    expect((await claimFor(services, agent)).task).toBeNull();
    await updateTask(services, services.admin, { task: { id }, requires: [] });
    expect((await claimFor(services, agent)).task?.id).toBe(id);
  });

  const wish = fc.record({
    priority: fc.constantFrom(...PRIORITIES),
    requires: fc.subarray(WORDS),
    tags: fc.subarray(['red', 'blue']),
    holder: fc.constantFrom('inbox', 'inbox', 'own'),
    isReleased: fc.boolean(),
  });
  const asking = fc.record({
    capabilities: fc.subarray(WORDS),
    acceptsInbox: fc.constantFrom(true, true, false),
    narrowTo: fc.option(fc.subarray(WORDS)),
    tags: fc.option(fc.subarray(['red', 'blue'])),
  });

  it('is handed out in queue order among all that the agent may have, as the look ahead promises', async () => {
    const agent = await anAgent(services);
    const helper = await anAgent(services);
    await fc.assert(
      fc.asyncProperty(fc.array(wish, { minLength: 1, maxLength: 10 }), asking, async (wished, ask) => {
        await clearTasks(services);
        const { capabilities, acceptsInbox } = ask;
        // The helper can take everything, so the agent gets nothing that it has released.
        const able = { capabilities: WORDS, acceptsInbox: true };
        await updateAgent(services, services.admin, { agent: { id: helper.id }, ...able });
        await updateAgent(services, services.admin, { agent: { id: agent.id }, capabilities, acceptsInbox });
        const created = await createTasks(
          services,
          services.admin,
          wished.map(({ holder, isReleased: _, ...task }, i) => ({
            ...task,
            title: `${i}`,
            assignee: holder === 'own' ? { id: agent.id } : null,
          })),
        );
        const released = created.filter((_, i) => wished[i]?.isReleased && wished[i]?.holder === 'inbox');
        await services.sql('UPDATE tasks SET released_by = ARRAY[$1] WHERE id = ANY($2)', [
          agent.id,
          released.map(({ id }) => id),
        ]);
        const forAgent = created
          .filter((task) => task.assigneeId !== null || (acceptsInbox && !released.includes(task)))
          .filter((task) => task.requires.every((word) => capabilities.includes(word)))
          .sort(compareInQueue);
        const narrowed = forAgent
          .filter(({ requires }) => requires.every((word) => (ask.narrowTo ?? WORDS).includes(word)))
          .filter(({ tags }) => (ask.tags ?? []).every((tag) => tags.includes(tag)));
        const narrow = { capabilities: ask.narrowTo, tags: ask.tags, maxCapacity: 100 };
        for (const task of narrowed) {
          expect((await claimFor(services, agent, narrow)).task?.id).toBe(task.id);
        }
        expect((await claimFor(services, agent, narrow)).reason).toBe('NO_TASKS_AVAILABLE');
        for (const task of forAgent.filter((each) => !narrowed.includes(each))) {
          const promised = await peekNextTask(services.database.pool, agent.id, toPresenceRules(services));
          expect(promised).toBe(task.id);
          expect((await claimFor(services, agent)).task?.id).toBe(promised);
        }
        expect(await claimAll(services, agent)).toEqual([]);
        expect(await claimAll(services, helper)).toHaveLength(
          created.filter(({ assigneeId }) => assigneeId === null).length -
            forAgent.filter(({ assigneeId }) => assigneeId === null).length,
        );
      }),
      { numRuns: 40 },
    );
  });
});

describe('sixteen agents with different capabilities', () => {
  it('drain two thousand tasks through two servers, each handed out once and only to who may have it', {
    timeout: 300_000,
  }, async () => {
    const sets = Array.from({ length: 16 }, (_, i) =>
      ['a', 'b', 'c', 'd'].filter((_word, bit) => i & (1 << bit)),
    );
    const agents: AgentRow[] = [];
    for (const capabilities of sets) agents.push(await anAgent(services, { capabilities }));
    for (let page = 0; page < 20; page += 1) {
      const inputs = Array.from({ length: 100 }, (_, i) => ({
        title: `${page}.${i}`,
        priority: PRIORITIES[i % 4],
        requires: sets[(i * 7 + page) % 16],
        reviewPolicy: 'SKIP' as const,
      }));
      await createTasks(services, services.admin, inputs);
    }
    const handedOut: { readonly agent: AgentRow; readonly task: TaskRow }[] = [];
    async function drain(agent: AgentRow, process: TestServices): Promise<void> {
      for (let turn = 1; ; turn += 1) {
        const { task, run } = await claimFor(process, agent);
        if (task === null || run === null) return;
        // Some tasks are released, for other agents if there are any.
        if (turn % 37 === 0) {
          await releaseTask(process, process.admin, { runId: run.id });
          continue;
        }
        handedOut.push({ agent, task });
        await completeTask(process, process.admin, { runId: run.id, resolution: 'done' });
      }
    }
    for (let rounds = 0; rounds < 20 && handedOut.length < 2_000; rounds += 1)
      await Promise.all(agents.map((agent, i) => drain(agent, i % 2 === 0 ? services : other)));
    expect(new Set(handedOut.map(({ task }) => task.id)).size).toBe(2_000);
    expect(handedOut).toHaveLength(2_000);
    expect(handedOut.filter(({ agent, task }) => !mayDo(agent, task))).toEqual([]);
  });
});

describe('an agent that does not accept tasks of the inbox', () => {
  it('gets what is assigned to it and nothing else', async () => {
    const agent = await anAgent(services, { acceptsInbox: false });
    const { id } = await aTask(services);
    expect((await claimFor(services, agent)).reason).toBe('NO_TASKS_AVAILABLE');
    await assignTask(services, services.admin, { task: { id }, assignee: { id: agent.id } });
    expect((await claimFor(services, agent)).task?.id).toBe(id);
  });

  it('is every new reviewer, unless its registration says otherwise', async () => {
    const accepts = async (settings: object) => (await anAgent(services, settings)).acceptsInbox;
    expect(await accepts({ role: 'reviewer' })).toBe(false);
    expect(await accepts({ name: 'aegis' })).toBe(false);
    expect(await accepts({ role: 'reviewer', acceptsInbox: true })).toBe(true);
    expect(await accepts({ role: 'coder' })).toBe(true);
  });
});
