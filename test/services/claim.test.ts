import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claimNextTask } from '../../src/services/claim-next-task.js';
import { aTask, anAgent } from '../support/factory.js';
import { createTestServices, openTestServices, type TestServices } from '../support/services.js';

const never = new AbortController().signal;

describe('a claim', () => {
  let services: TestServices;
  let other: TestServices;

  beforeAll(async () => {
    services = await createTestServices();
    other = await openTestServices(services.database.connectionString);
  });
  afterAll(async () => {
    await other.close();
    await services.close();
  });

  it('hands out the best task in the order of priority, due date, creation', async () => {
    const agent = await anAgent(services);
    const soon = new Date('2030-01-01');
    const late = new Date('2031-01-01');
    const wished = [
      { title: 'fifth', priority: 'LOW' },
      { title: 'third', priority: 'HIGH' },
      { title: 'second', priority: 'HIGH', dueAt: late },
      { title: 'first', priority: 'CRITICAL' },
      { title: 'fourth', priority: 'MEDIUM', dueAt: soon, assignee: { id: agent.id } },
    ] as const;
    for (const input of wished) await aTask(services, input);
    const claimed: (string | undefined)[] = [];
    for (let i = 0; i < 6; i += 1) {
      const claim = await claimNextTask(services, services.admin, { agent: { id: agent.id } }, never);
      claimed.push(claim.task?.title ?? claim.reason);
    }
    expect(claimed).toEqual(['first', 'second', 'third', 'fourth', 'fifth', 'NO_TASKS_AVAILABLE']);
  });

  it('gives an agent with capacity 3 exactly 3 tasks for 32 parallel claims over two processes', async () => {
    const agent = await anAgent(services);
    for (let i = 0; i < 10; i += 1) await aTask(services);
    const claims = await Promise.all(
      Array.from({ length: 32 }, (_, i) =>
        claimNextTask(i % 2 ? services : other, services.admin, { agent: { id: agent.id }, maxCapacity: 3 }, never),
      ),
    );
    const reasons = claims.map((claim) => claim.reason);
    expect(reasons.filter((reason) => reason === 'ASSIGNED')).toHaveLength(3);
    expect(reasons.filter((reason) => reason === 'AT_CAPACITY')).toHaveLength(29);
  });

  it('answers two claims with one key in the same instant with one task', async () => {
    const agent = await anAgent(services);
    for (let i = 0; i < 3; i += 1) await aTask(services);
    const input = { agent: { id: agent.id }, idempotencyKey: 'the same' };
    const [first, second] = await Promise.all([
      claimNextTask(services, services.admin, input, never),
      claimNextTask(services, services.admin, input, never),
    ]);
    expect(first.reason).toBe('ASSIGNED');
    expect(second.run?.id).toBe(first.run?.id);
  });
});
