import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { addComment } from '../../../src/services/tasks/add-comment.js';
import { aClaimedTask, aKeyOf, anAgent } from '../../support/factories/factory.js';
import { type Graph, openGraph } from '../../support/graphql/graph.js';
import { insertReviewRun } from '../../support/graphql/seed-tasks.js';

let graph: Graph;

beforeAll(async () => {
  graph = await openGraph();
});

afterAll(() => graph.close());

describe('a task', () => {
  it('has all its fields', async () => {
    const { services } = graph;
    const scout = await anAgent(services, { name: 'scout' });
    const { task, runId } = await aClaimedTask(services, scout, {
      title: 'Map the coast',
      description: 'All of it.',
      tags: ['maps', 'north'],
      metadata: { scale: 5, deep: { yes: true } },
    });
    const { task: found } = await graph.get(
      `query ($id: ID!) { task(ref: { id: $id }) {
        id ref title description status priority tags metadata assignee { id name displayName } createdBy { __typename id displayName }
        dueAt startsAt version allowedTransitions waitingOn resolution failureReason failureDetail reviewPolicy onDependencyFailure
        dispatchAttempts reviewCycles staleRequeues createdAt updatedAt startedAt completedAt
        currentRun { id number trigger outcome startedAt finishedAt leaseExpiresAt usage { inputTokens } agent { name } task { ref } prompt output }
        dependsOn { id } dependents { id } inputs { resolution }
        runs { nodes { id } totalCount } reviews { totalCount } comments { totalCount }
      } }`,
      { id: task.id },
    );
    expect(found).toMatchObject({
      id: task.id,
      ref: `TASK-${task.number}`,
      title: 'Map the coast',
      description: 'All of it.',
      status: 'IN_PROGRESS',
      priority: 'CRITICAL',
      tags: ['maps', 'north'],
      metadata: { scale: 5, deep: { yes: true } },
      assignee: { id: scout.id, name: 'scout', displayName: 'scout' },
      createdBy: { __typename: 'ApiKey', id: services.admin.keyId },
      version: 2,
      allowedTransitions: ['INPUT_REQUIRED', 'REVIEW', 'DONE', 'ASSIGNED', 'INBOX', 'FAILED', 'CANCELLED'],
      waitingOn: [],
      onDependencyFailure: 'BLOCK',
      createdAt: task.createdAt.toISOString(),
      currentRun: {
        id: runId,
        number: 1,
        trigger: 'CLAIM',
        outcome: 'RUNNING',
        agent: { name: 'scout' },
        usage: null,
      },
      runs: { nodes: [{ id: runId }], totalCount: 1 },
      reviews: { totalCount: 0 },
    });
  });

  it('has the outcomes of its review rounds', async () => {
    const { services } = graph;
    const ann = await anAgent(services, { name: 'ann' });
    const key = await aKeyOf(services, ann);
    const { task, runId } = await aClaimedTask(services, ann);
    const usage = { inputTokens: 1_200, outputTokens: 34, costUsd: 0.05 };
    await completeTask(services, key, { runId, resolution: 'First draft', usage });
    await submitVerdict(services, services.admin, {
      task: { id: task.id },
      verdict: 'REJECTED',
      feedback: 'Too short.',
    });
    const { id } = await addComment(services, key, { task: { id: task.id }, body: 'I see.' });
    await addComment(services, services.admin, { task: { id: task.id }, body: 'Good.', inReplyToId: id });
    const { task: found } = await graph.get(
      `query ($id: ID!) { task(ref: { id: $id }) {
        status reviewCycles resolution
        runs { nodes { outcome finishedAt usage { inputTokens outputTokens costUsd } } }
        reviews { nodes { round verdict feedback superseded reviewer { __typename id } task { id } run { id } } }
        comments { nodes { body author { __typename displayName } inReplyTo { body } task { id } } }
      } }`,
      { id: task.id },
    );
    expect(found).toMatchObject({
      status: 'ASSIGNED',
      reviewCycles: 1,
      runs: { nodes: [{ outcome: 'SUCCEEDED', finishedAt: expect.any(String), usage }] },
      reviews: {
        nodes: [
          {
            round: 1,
            verdict: 'REJECTED',
            feedback: 'Too short.',
            superseded: false,
            reviewer: { __typename: 'ApiKey', id: services.admin.keyId },
            task: { id: task.id },
            run: { id: runId },
          },
        ],
      },
    });
    expect(found.comments.nodes).toMatchObject([
      { body: expect.stringContaining('Too short.'), author: { __typename: 'ApiKey' } },
      { body: 'I see.', author: { __typename: 'Agent', displayName: 'ann' }, inReplyTo: null },
      {
        body: 'Good.',
        author: { __typename: 'ApiKey' },
        inReplyTo: { body: 'I see.' },
        task: { id: task.id },
      },
    ]);
  });

  it('answers each selection of a fragment that is used in several places', async () => {
    const { services } = graph;
    const ada = await anAgent(services, { name: 'ada', role: 'coder' });
    const { task } = await aClaimedTask(services, ada);
    const answer = await graph.get(
      `query ($id: ID!) {
        a: task(ref: { id: $id }) { ...Named assignee { name } }
        b: task(ref: { id: $id }) { ...Named assignee { role } }
        list: agent(ref: { name: "ada" }) { ...Listed tasks { nodes { title } } }
        other: agent(ref: { name: "ada" }) { ...Listed tasks { edges { node { priority assignee { role } } } } }
      }
      fragment Named on Task { assignee { id } }
      fragment Listed on Agent { tasks { nodes { id } } }`,
      { id: task.id },
    );
    const { id, title, priority } = task;
    expect(answer).toEqual({
      a: { assignee: { id: ada.id, name: 'ada' } },
      b: { assignee: { id: ada.id, role: 'coder' } },
      list: { tasks: { nodes: [{ id, title }] } },
      other: { tasks: { nodes: [{ id }], edges: [{ node: { priority, assignee: { role: 'coder' } } }] } },
    });
  });

  it('names the system as the actor if the system acts', async () => {
    const { services } = graph;
    const bob = await anAgent(services, { name: 'bob' });
    const { task } = await aClaimedTask(services, bob);
    await services.sql('UPDATE tasks SET created_by_key_id = NULL WHERE id = $1', [task.id]);
    const query = (fields: string) =>
      graph.get(`query ($id: ID!) { task(ref: { id: $id }) { createdBy { ${fields} } } }`, { id: task.id });
    expect((await query('__typename id displayName')).task.createdBy).toEqual({
      __typename: 'SystemActor',
      id: 'system',
      displayName: 'System',
    });
  });
});

describe('a node', () => {
  it('is found by the id of any type, in the order of the request', async () => {
    const { services } = graph;
    const agent = await anAgent(services);
    const { task, runId } = await aClaimedTask(services, agent);
    await completeTask(services, services.admin, { runId, resolution: 'Done' });
    await submitVerdict(services, services.admin, { task: { id: task.id }, verdict: 'APPROVED' });
    const comment = await addComment(services, services.admin, { task: { id: task.id }, body: 'Hm.' });
    const [review] = await services.sql<{ id: string }>('SELECT id FROM quality_reviews WHERE task_id = $1', [
      task.id,
    ]);
    const reviewRunId = await insertReviewRun(graph, task.id, agent.id);
    const ids = [comment.id, services.admin.keyId, agent.id, review?.id ?? '', task.id, runId, reviewRunId];
    const { nodes } = await graph.get(
      `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id
        ... on Task { resolution } ... on TaskRun { outcome agent { id } } ... on Review { verdict } ... on ReviewRun { round agent { id } task { id } usage { inputTokens outputTokens costUsd } } ... on Comment { body } ... on Agent { name } ... on ApiKey { role } } }`,
      { ids },
    );
    expect(nodes).toMatchObject([
      { __typename: 'Comment', body: 'Hm.' },
      { __typename: 'ApiKey', role: 'ADMIN' },
      { __typename: 'Agent', name: agent.name },
      { __typename: 'Review', verdict: 'APPROVED' },
      { __typename: 'Task', resolution: 'Done' },
      { __typename: 'TaskRun', outcome: 'SUCCEEDED', agent: { id: agent.id } },
      {
        __typename: 'ReviewRun',
        round: 1,
        agent: { id: agent.id },
        task: { id: task.id },
        usage: { inputTokens: 7, outputTokens: 3, costUsd: null },
      },
    ]);
    expect(nodes.map((node: { id: string }) => node.id)).toEqual(ids);
  });
});

describe('the server', () => {
  it('answers its version, the viewer, and the templates of a SOUL', async () => {
    const { server, viewer, soulTemplates, apiKeys } = await graph.get(
      '{ server { version startedAt database limits } viewer { role agent { id } apiKey { id name prefix revokedAt } } soulTemplates { name description body } apiKeys(first: 1) { totalCount nodes { id role agent { id } lastUsedAt } } }',
    );
    expect(server).toMatchObject({
      version: '1.2.3',
      startedAt: '2026-11-22T13:05:00.000Z',
      database: 'embedded PostgreSQL 18',
      limits: { titleLength: 500, page: { default: 20, max: 100 }, query: { depth: 15 } },
    });
    const { keyId } = graph.services.admin;
    expect(viewer).toMatchObject({ role: 'ADMIN', agent: null, apiKey: { id: keyId, revokedAt: null } });
    expect(soulTemplates).toHaveLength(7);
    expect(apiKeys.nodes).toEqual([{ id: keyId, role: 'ADMIN', agent: null, lastUsedAt: null }]);
  });
});
