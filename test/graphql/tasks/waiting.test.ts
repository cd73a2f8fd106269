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

describe('waitingOn of a task', () => {
  it('names every reason', async () => {
    const { services } = graph;
    const earlier = await aTask(services);
    expect(await waitingOn(earlier.id)).toEqual(['NO_ASSIGNEE']);
    const startsAt = new Date(services.clock.now() + 3_600_000);
    const task = await aTask(services, { dependsOn: [{ id: earlier.id }], startsAt });
    expect(await waitingOn(task.id)).toEqual(['DEPENDENCIES', 'STARTS_LATER', 'NO_ASSIGNEE']);
  });

  it('is empty if its agent is online and below its capacity', async () => {
    await set('agents', ann.id, 'last_seen_at = now()');
    expect(await waitingOn((await aTask(graph.services, { assignee: { id: ann.id } })).id)).toEqual([]);
  });

  it('names its agent for every status that prevents work', async () => {
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

  it('is empty while the task is in progress and when it has ended', async () => {
    for (const status of ['IN_PROGRESS', 'DONE', 'FAILED', 'CANCELLED'] as const) {
      expect(await waitingOn((await aTaskIn(graph.services, status, ann)).id)).toEqual([]);
    }
  });

  it('names the reviewer, which must exist and must not have worked on the task', async () => {
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

describe('waitingOn of a task of a PUSH agent', () => {
  it('names a gateway that is missing, or that some process can’t reach', async () => {
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

  it('names a paused job if the task waits for that job', async () => {
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

  it('names for a review the reasons of a PUSH reviewer', async () => {
    const { services } = graph;
    const task = await aTaskIn(services, 'REVIEW', ann);
    await services.sql("UPDATE agents SET delivery = 'PUSH', gateway = 'nowhere' WHERE name = 'aegis'");
    await services.sql("INSERT INTO scheduler_jobs (name, paused_at) VALUES ('runAegisReviews', now())");
    expect(await waitingOn(task.id)).toEqual(['REVIEW_PENDING', 'GATEWAY_UNREACHABLE', 'SCHEDULER_PAUSED']);
  });
});
