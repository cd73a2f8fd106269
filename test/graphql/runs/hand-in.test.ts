import { graphql } from 'graphql';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { CompleteAndClaimDocument } from '../../../src/generated/operations.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { clearTasks } from '../../support/factories/claims.js';
import { aClaimedTask, aKeyOf, anAgent, aTask } from '../../support/factories/factory.js';
import { type Answer, type Graph, openGraph, schema } from '../../support/graphql/graph.js';
import { recordStatements } from '../../support/postgres/statements.js';

let graph: Graph;
let agent: AgentRow;
let key: Viewer;

beforeAll(async () => {
  graph = await openGraph();
  agent = await anAgent(graph.services, { maxCapacity: 1 });
  key = await aKeyOf(graph.services, agent);
});
beforeEach(async () => {
  await clearTasks(graph.services);
  await graph.services.sql("UPDATE agents SET announced_status = 'IDLE'");
});
afterAll(() => graph.close());

const COMPLETE = 'completeTask(input: $complete) { task { id status resolution } errors { __typename } }';
const CLAIM =
  'claimNextTask(input: $claim) { reason task { id status title } run { id number } errors { __typename } }';
const both = (...fields: string[]) =>
  `mutation($complete: CompleteTaskInput!, $claim: ClaimNextTaskInput!) { ${fields.join(' ')} }`;

/** Sends the document as the agent; tells how many statements of each kind it took. */
async function send(document: string, complete: object, claim: object = {}) {
  const asked = { alone: 0, together: 0, claims: 0 };
  const { batches, claims } = graph.services;
  const watched = {
    ...graph.services,
    batches: {
      ...batches,
      runEnds: { ...batches.runEnds, ask: count('alone', batches.runEnds.ask) },
      handIns: { ...batches.handIns, ask: count('together', batches.handIns.ask) },
    },
    claims: { ...claims, claim: count('claims', claims.claim) },
  };
  function count<Arguments extends unknown[], Result>(
    kind: keyof typeof asked,
    work: (...all: Arguments) => Result,
  ) {
    return (...all: Arguments): Result => {
      asked[kind] += 1;
      return work(...all);
    };
  }
  const contextValue = { ...graph.contextFor(key, 'mutation'), services: watched };
  const { data, errors } = await graphql({
    schema,
    source: document,
    variableValues: { complete, claim },
    contextValue,
  });
  expect(errors).toBeUndefined();
  return { ...(data as Answer), asked };
}

const TOGETHER = { alone: 0, together: 1, claims: 0 };

describe('completeTask followed by claimNextTask in one document', () => {
  it('is one statement, which ends the run and begins the next at the same capacity', async () => {
    const { task, runId } = await aClaimedTask(graph.services, agent);
    const next = await aTask(graph.services);
    let answer: Awaited<ReturnType<typeof send>> | undefined;
    const statements = await recordStatements(graph.services, async () => {
      answer = await send(both(COMPLETE, CLAIM), { runId, resolution: 'done' });
    });
    expect(answer).toMatchObject({
      completeTask: { task: { id: task.id, status: 'REVIEW', resolution: 'done' }, errors: [] },
      claimNextTask: {
        reason: 'ASSIGNED',
        task: { id: next.id, status: 'IN_PROGRESS', title: next.title },
        errors: [],
      },
      asked: TOGETHER,
    });
    expect(statements).toEqual([]);
    expect(await readEvents()).toEqual([
      ...['run.succeeded', 'task.completed', 'review.requested', 'task.claimed', 'run.started'],
    ]);
  });

  it('is one statement in the document of the SDK too', async () => {
    const { runId } = await aClaimedTask(graph.services, agent);
    const next = await aTask(graph.services);
    const input = { agent: { id: agent.id }, lease: 'PT60S', tags: null, idempotencyKey: 'next' };
    const answer = await send(String(CompleteAndClaimDocument), { runId, resolution: 'done' }, input);
    expect(answer).toMatchObject({ claimNextTask: { task: { id: next.id } }, asked: TOGETHER });
  });

  it('leaves the agent IDLE if there is no next task', async () => {
    const { runId } = await aClaimedTask(graph.services, agent);
    const answer = await send(both(COMPLETE, CLAIM), { runId, resolution: 'done' });
    expect(answer).toMatchObject({
      claimNextTask: { reason: 'NO_TASKS_AVAILABLE', task: null },
      asked: TOGETHER,
    });
    expect(await readEvents()).toEqual([
      ...['run.succeeded', 'task.completed', 'review.requested', 'agent.status_changed'],
    ]);
    const rows = await graph.services.sql('SELECT announced_status AS now FROM agents WHERE id = $1', [
      agent.id,
    ]);
    expect(rows).toEqual([{ now: 'IDLE' }]);
  });

  it('is answered again as the first time when both are repeated with their keys', async () => {
    const { runId } = await aClaimedTask(graph.services, agent);
    await aTask(graph.services);
    const keys = [{ runId, resolution: 'done', idempotencyKey: 'a' }, { idempotencyKey: 'b' }] as const;
    const { asked, ...first } = await send(both(COMPLETE, CLAIM), ...keys);
    expect(asked).toEqual(TOGETHER);
    expect(await send(both(COMPLETE, CLAIM), ...keys)).toMatchObject(first);
  });

  it('claims by itself after a result that is refused, and claims nothing with it', async () => {
    const { task, runId } = await aClaimedTask(graph.services, agent);
    const answer = await send(both(COMPLETE, CLAIM), { runId: 'run_0', resolution: 'done' });
    expect(answer).toMatchObject({
      completeTask: { task: null, errors: [{ __typename: 'FieldError' }] },
      claimNextTask: { reason: 'AT_CAPACITY' },
      asked: { alone: 0, together: 1, claims: 1 },
    });
    const rows = await graph.services.sql('SELECT current_run_id AS run FROM tasks WHERE id = $1', [task.id]);
    expect(rows).toEqual([{ run: runId }]);
  });

  it('claims the task that waited for the completed one, after the transaction that unblocks it', async () => {
    const { task, runId } = await aClaimedTask(graph.services, agent, { reviewPolicy: 'SKIP' });
    const dependent = await aTask(graph.services, { dependsOn: [{ id: task.id }] });
    const answer = await send(both(COMPLETE, CLAIM), { runId, resolution: 'done' });
    expect(answer).toMatchObject({
      completeTask: { task: { status: 'DONE' } },
      claimNextTask: { reason: 'ASSIGNED', task: { id: dependent.id } },
      asked: { alone: 0, together: 1, claims: 1 },
    });
  });

  it.each([
    ['the claim waits for a task', both(COMPLETE, CLAIM), { waitSeconds: 1 }],
    ['the claim is refused', both(COMPLETE, CLAIM), { maxCapacity: 0 }],
    ['the claim has a directive', both(COMPLETE, CLAIM.replace('{', '@include(if: true) {')), {}],
    ['another field stands between them', both(COMPLETE, '__typename', CLAIM), {}],
  ])('is two statements if %s', async (_name, document, claim) => {
    const { runId } = await aClaimedTask(graph.services, agent);
    await aTask(graph.services);
    const answer = await send(document, { runId, resolution: 'done' }, claim);
    expect(answer.completeTask.task.status).toBe('REVIEW');
    expect(answer.asked).toMatchObject({ alone: 1, together: 0 });
  });
});

/** The types of the events since the last task was claimed for the test. */
async function readEvents(): Promise<string[]> {
  const rows = await graph.services.sql<{ type: string }>(
    `SELECT type FROM (SELECT 1 AS place, id, type, task_id, agent_id FROM events UNION ALL
       SELECT 2, id, type, task_id, agent_id FROM event_outbox) e
     WHERE (task_id IN (SELECT id FROM tasks) OR type = 'agent.status_changed') AND type NOT IN ('task.created', 'task.assigned')
     ORDER BY place, id`,
  );
  const types = rows.map(({ type }) => type);
  return types.slice(types.lastIndexOf('run.succeeded'));
}
