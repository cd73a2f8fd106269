import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { completeTask } from '../../src/services/complete-task.js';
import { submitVerdict } from '../../src/services/submit-verdict.js';
import { aClaimedTask, anAgent, aTask, aTaskIn } from '../support/factory.js';
import { type Graph, openGraph } from './graph.js';

let graph: Graph;

beforeAll(async () => {
  graph = await openGraph();
});

afterAll(() => graph.close());

describe('a task', () => {
  it('tells all that is known of it', async () => {
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
        dueAt startsAt version allowedTransitions waitingOn resolution failureReason failureDetail reviewPolicy
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
      allowedTransitions: ['REVIEW', 'DONE', 'ASSIGNED', 'FAILED', 'CANCELLED'],
      waitingOn: [],
      createdAt: task.createdAt.toISOString(),
      currentRun: { id: runId, number: 1, trigger: 'CLAIM', outcome: 'RUNNING', agent: { name: 'scout' }, usage: null },
      runs: { nodes: [{ id: runId }], totalCount: 1 },
      reviews: { totalCount: 0 },
    });
  });
});
