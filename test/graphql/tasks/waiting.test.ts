import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEchoGateway } from '../../../src/gateway/echo.js';
import { pauseAgent } from '../../../src/services/agents/pause-agent.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { aClaimedTask, anAgent, aTask, aTaskIn } from '../../support/factories/factory.js';
import { type Graph, openGraph } from '../../support/graphql/graph.js';

let graph: Graph;
let ann: AgentRow;

beforeAll(async () => {
  graph = await openGraph();
  graph.services.gateways.set('echo', createEchoGateway());
  ann = await anAgent(graph.services, { name: 'ann' });
});

afterAll(() => graph.close());

async function waitingOn(id: string): Promise<string[]> {
  return (await graph.get('query ($id: ID!) { task(ref: { id: $id }) { waitingOn } }', { id })).task
    .waitingOn;
}

const set = (table: string, id: string, change: string) =>
  graph.services.sql(`UPDATE ${table} SET ${change} WHERE id = $1`, [id]);

describe('why a task is not being worked on', () => {
  it('names everything that stands in the way', async () => {
    const { services } = graph;
    const earlier = await aTask(services);
    expect(await waitingOn(earlier.id)).toEqual(['NO_ASSIGNEE']);
    const startsAt = new Date(services.clock.now() + 3_600_000);
    const task = await aTask(services, { dependsOn: [{ id: earlier.id }], startsAt });
    expect(await waitingOn(task.id)).toEqual(['DEPENDENCIES', 'STARTS_LATER', 'NO_ASSIGNEE']);
  });

  it('is nothing when its agent is there with a free hand', async () => {
    await set('agents', ann.id, 'last_seen_at = now()');
    expect(await waitingOn((await aTask(graph.services, { assignee: { id: ann.id } })).id)).toEqual([]);
  });

  it('is its agent, in every way an agent can be', async () => {
    const { services } = graph;
    const bob = await anAgent(services, { name: 'bob', maxCapacity: 1 });
    await aClaimedTask(services, bob);
    const task = await aTask(services, { assignee: { id: bob.id } });
    expect(await waitingOn(task.id)).toEqual(['ASSIGNEE_AT_CAPACITY']);
    await set('agents', bob.id, "last_seen_at = now() - interval '1 day'");
    await pauseAgent(services, services.admin, { id: bob.id });
    expect(await waitingOn(task.id)).toEqual(['ASSIGNEE_PAUSED', 'ASSIGNEE_OFFLINE', 'ASSIGNEE_AT_CAPACITY']);
    await set('agents', bob.id, "delivery = 'PUSH', gateway = 'echo', paused_at = NULL, max_capacity = 2");
    expect(await waitingOn(task.id)).toEqual([]);
    await set(
      'tasks',
      task.id,
      "backoff_until = now() + interval '1 minute', not_before = now() + interval '1 minute'",
    );
    expect(await waitingOn(task.id)).toEqual(['BACKOFF']);
  });

  it('is nothing while it is worked on and when it is over', async () => {
    for (const status of ['IN_PROGRESS', 'DONE', 'FAILED', 'CANCELLED'] as const) {
      expect(await waitingOn((await aTaskIn(graph.services, status, ann)).id)).toEqual([]);
    }
  });

  it('is the reviewer, who must be there and not have done the work', async () => {
    const { services } = graph;
    const task = await aTaskIn(services, 'REVIEW', ann);
    expect(await waitingOn(task.id)).toEqual(['NO_REVIEWER']);
    const aegis = await anAgent(services, { name: 'aegis' });
    await set('agents', aegis.id, 'last_seen_at = now()');
    expect(await waitingOn(task.id)).toEqual(['REVIEW_PENDING']);
    await pauseAgent(services, services.admin, { id: aegis.id });
    expect(await waitingOn(task.id)).toEqual(['NO_REVIEWER']);
    await set('agents', aegis.id, 'paused_at = NULL');
    await set(
      'task_runs',
      (await graph.services.sql<{ id: string }>('SELECT id FROM task_runs WHERE task_id = $1', [task.id]))[0]!
        .id,
      `agent_id = '${aegis.id}'`,
    );
    expect(await waitingOn(task.id)).toEqual(['NO_REVIEWER']);
    const rita = await anAgent(services, { name: 'rita', role: 'reviewer' });
    await set('agents', rita.id, 'last_seen_at = now()');
    expect(await waitingOn(task.id)).toEqual(['REVIEW_PENDING']);
  });
});

describe('why a task is not sent to its PUSH agent', () => {
  it('is a gateway that is missing here, or that some process can’t reach', async () => {
    const { services } = graph;
    const pat = await anAgent(services, { delivery: 'PUSH' });
    const task = await aTask(services, { assignee: { id: pat.id } });
    expect(await waitingOn(task.id)).toEqual(['GATEWAY_UNREACHABLE']);
    await set('agents', pat.id, "gateway = 'nowhere'");
    expect(await waitingOn(task.id)).toEqual(['GATEWAY_UNREACHABLE']);
    await set('agents', pat.id, "gateway = 'echo'");
    expect(await waitingOn(task.id)).toEqual([]);
    await services.sql(
      "INSERT INTO gateway_outages (gateway, error, expires_at) VALUES ('echo', 'refused', now() + interval '1 minute')",
    );
    expect(await waitingOn(task.id)).toEqual(['GATEWAY_UNREACHABLE']);
    await services.sql("UPDATE gateway_outages SET expires_at = now() - interval '1 second'");
    expect(await waitingOn(task.id)).toEqual([]);
  });

  it('is a job that is paused, if the task waits for that job', async () => {
    const { services } = graph;
    const pat = await anAgent(services, { delivery: 'PUSH', config: { gateway: 'echo' } });
    const task = await aTask(services, { assignee: { id: pat.id } });
    const pulled = await aTask(services, { assignee: { id: ann.id } });
    await services.sql(
      "INSERT INTO scheduler_jobs (name, paused_at) VALUES ('dispatchAssignedTasks', now())",
    );
    expect(await waitingOn(task.id)).toEqual(['SCHEDULER_PAUSED']);
    expect(await waitingOn(pulled.id)).toEqual([]);
  });

  it('is for a review what keeps it from a reviewer that is sent its work', async () => {
    const { services } = graph;
    const task = await aTaskIn(services, 'REVIEW', ann);
    await services.sql("UPDATE agents SET delivery = 'PUSH', gateway = 'nowhere' WHERE name = 'aegis'");
    await services.sql("INSERT INTO scheduler_jobs (name, paused_at) VALUES ('runAegisReviews', now())");
    expect(await waitingOn(task.id)).toEqual(['REVIEW_PENDING', 'GATEWAY_UNREACHABLE', 'SCHEDULER_PAUSED']);
  });
});
