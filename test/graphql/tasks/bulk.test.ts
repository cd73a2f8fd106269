import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { SYSTEM } from '../../../src/domain/actor.js';
import { inTransaction } from '../../../src/postgres/transaction.js';
import { moveTask } from '../../../src/services/moves/move-task.js';
import { failTask } from '../../../src/services/runs/fail-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { lockTask } from '../../../src/store/tasks/tasks.js';
import { clearTasks } from '../../support/factories/claims.js';
import { aClaimedTask, aKeyOf, anAgent, aTask, aTaskIn } from '../../support/factories/factory.js';
import { type Graph, openGraph } from '../../support/graphql/graph.js';

let graph: Graph;
let ann: AgentRow;
let bob: AgentRow;

beforeAll(async () => {
  graph = await openGraph();
  ann = await anAgent(graph.services, { name: 'ann' });
  bob = await anAgent(graph.services, { name: 'bob' });
});
afterAll(() => graph.close());
beforeEach(() => clearTasks(graph.services));

const call = async (verb: string, input: Record<string, unknown>) => {
  const type = `${verb[0]?.toUpperCase()}${verb.slice(1)}Input`;
  const answer = await graph.get(
    `mutation ($input: ${type}!) { ${verb}(input: $input) {
      count remaining tasks { id status assignee { name } } refused { task { id } errors { code } } errors { code path }
    } }`,
    { input },
  );
  return answer[verb];
};
const statuses = async () =>
  (await graph.services.sql<{ status: string }>('SELECT status FROM tasks ORDER BY number')).map(
    ({ status }) => status,
  );

async function aFailedTask() {
  const { task, runId } = await aClaimedTask(graph.services, ann);
  await failTask(graph.services, graph.services.admin, { runId, error: 'no', retry: false });
  return task;
}

describe('retryTasks', () => {
  it('brings back what failed for a reason, oldest first, as many as asked, and says how many are left', async () => {
    for (let index = 0; index < 3; index += 1) await aFailedTask();
    await aTaskIn(graph.services, 'CANCELLED', ann);
    await aTaskIn(graph.services, 'DONE', ann);
    const failed = { filter: { failureReason: ['FAILED_BY_AGENT', 'FAILED_BY_OPERATOR'] } };
    const planned = await call('retryTasks', { ...failed, first: 2, dryRun: true });
    expect(planned).toMatchObject({ count: 2, remaining: 1, refused: [], errors: [] });
    expect(await statuses()).toEqual(['FAILED', 'FAILED', 'FAILED', 'CANCELLED', 'DONE']);
    const done = await call('retryTasks', { ...failed, first: 2 });
    expect(done).toMatchObject({ count: 2, remaining: 1, refused: [], errors: [] });
    expect(done.tasks.map(({ id }: { id: string }) => id)).toEqual(
      planned.tasks.map(({ id }: { id: string }) => id),
    );
    expect(await statuses()).toEqual(['ASSIGNED', 'ASSIGNED', 'FAILED', 'CANCELLED', 'DONE']);
    expect(await call('retryTasks', { filter: {} })).toMatchObject({ count: 2, remaining: 0 });
    expect(await statuses()).toEqual(['ASSIGNED', 'ASSIGNED', 'ASSIGNED', 'ASSIGNED', 'DONE']);
  });

  it('names the tasks that another call changed first, and changes the others', async () => {
    const taken = await aFailedTask();
    await aFailedTask();
    const { services } = graph;
    const bulk = await inTransaction(services.database, async (tx) => {
      const locked = await lockTask(tx, { id: taken.id });
      if (locked === null) throw new Error('no task');
      const answer = call('retryTasks', { filter: {} });
      await vi.waitFor(async () => {
        const waiting = await services.sql('SELECT FROM pg_locks WHERE NOT granted');
        expect(waiting).toHaveLength(1);
      }, 20_000);
      const changes = { failureReason: null, failureDetail: null };
      await moveTask(tx, locked, { to: 'ASSIGNED', verb: 'retry', actor: SYSTEM, changes });
      return { answer };
    });
    expect(await bulk.answer).toMatchObject({
      count: 1,
      refused: [{ task: { id: taken.id }, errors: [{ code: 'INVALID_TRANSITION' }] }],
      errors: [],
    });
    expect(await statuses()).toEqual(['ASSIGNED', 'ASSIGNED']);
  });
});

describe('cancelTasks', () => {
  it('ends what has not ended, with the reason in the log', async () => {
    await aTask(graph.services, { tags: ['old'] });
    await aTask(graph.services);
    await aClaimedTask(graph.services, ann, { tags: ['old'] });
    await aTaskIn(graph.services, 'DONE', ann);
    expect(await call('cancelTasks', { filter: { tags: ['old'] }, reason: 'too old' })).toMatchObject({
      count: 2,
      remaining: 0,
    });
    expect((await statuses()).sort()).toEqual(['CANCELLED', 'CANCELLED', 'DONE', 'INBOX']);
    const told = await graph.services.sql(
      "SELECT payload->>'reason' AS reason FROM events WHERE type = 'task.cancelled' AND payload->>'reason' = 'too old'",
    );
    expect(told).toHaveLength(2);
  });
});

describe('assignTasks', () => {
  it('moves the backlog of an agent to another one, or to the inbox, and leaves what is in progress', async () => {
    await aTask(graph.services, { assignee: { id: ann.id } });
    await aTask(graph.services, { assignee: { id: ann.id } });
    await aClaimedTask(graph.services, ann);
    const ofAnn = { filter: { assignee: [{ name: 'ann' }] } };
    const moved = await call('assignTasks', { ...ofAnn, assignee: { name: 'bob' } });
    expect(moved).toMatchObject({
      count: 2,
      tasks: [{ assignee: { name: 'bob' } }, { assignee: { name: 'bob' } }],
    });
    const inbox = await call('assignTasks', { filter: { assignee: [{ name: bob.name }] }, assignee: null });
    expect(inbox).toMatchObject({ count: 2, tasks: [{ status: 'INBOX' }, { status: 'INBOX' }] });
    expect((await statuses()).sort()).toEqual(['INBOX', 'INBOX', 'IN_PROGRESS']);
  });

  it('is refused as a whole for an agent that does not exist', async () => {
    await aTask(graph.services);
    expect(await call('assignTasks', { filter: {}, assignee: { name: 'nobody' } })).toMatchObject({
      count: null,
      errors: [{ code: 'UNKNOWN_AGENT', path: ['assignee'] }],
    });
  });
});

describe('a bulk verb', () => {
  it('is bounded, and refuses a filter that is not valid', async () => {
    for (const first of [0, 1001])
      expect(await call('cancelTasks', { filter: {}, first })).toMatchObject({
        errors: [{ code: 'INVALID', path: ['first'] }],
      });
    expect(await call('cancelTasks', { filter: { search: 'x'.repeat(1_000) } })).toMatchObject({
      errors: [{ code: 'INVALID', path: ['filter'] }],
    });
  });

  it('is not for the key of an agent', async () => {
    const key = await aKeyOf(graph.services, ann);
    const { errors } = await graph.ask('mutation { retryTasks(input: { filter: {} }) { count } }', {}, key);
    expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  });
});
