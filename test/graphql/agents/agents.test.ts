import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pauseAgent } from '../../../src/services/agents/pause-agent.js';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { heartbeat } from '../../../src/services/runs/heartbeat.js';
import { aClaimedTask, anAgent, aTaskIn } from '../../support/factories/factory.js';
import { type Graph, openGraph } from '../../support/graphql/graph.js';

let graph: Graph;

beforeAll(async () => {
  graph = await openGraph();
});

afterAll(() => graph.close());

const STATUSES = ['OFFLINE', 'IDLE', 'BUSY', 'PAUSED', 'ERROR'] as const;

describe('the status of an agent', () => {
  beforeAll(async () => {
    const { services } = graph;
    const sql = (set: string, name: string) =>
      services.sql(`UPDATE agents SET ${set} WHERE name = $1`, [name]);
    await anAgent(services, { name: 'never-seen' });
    await sql('last_seen_at = NULL', 'never-seen');
    const silent = await anAgent(services, { name: 'silent-at-work' });
    await aClaimedTask(services, silent);
    await sql("last_seen_at = now() - interval '11 minutes'", silent.name);
    const idle = await anAgent(services, { name: 'idle' });
    await heartbeat(services, services.admin, { agent: { id: idle.id } });
    await aClaimedTask(services, await anAgent(services, { name: 'busy' }));
    const ended = await anAgent(services, { name: 'lease-ended' });
    await aClaimedTask(services, ended);
    await services.sql(
      "UPDATE task_runs SET lease_expires_at = now() - interval '1 second' WHERE agent_id = $1",
      [ended.id],
    );
    const paused = await anAgent(services, { name: 'paused-at-work' });
    await aClaimedTask(services, paused);
    await pauseAgent(services, services.admin, { id: paused.id });
    await sql('error_at = now()', (await anAgent(services, { name: 'broken' })).name);
    await sql(
      'error_at = now(), paused_at = now()',
      (await anAgent(services, { name: 'broken-and-paused' })).name,
    );
  });

  it('is derived from pause, last sighting, leases and errors', async () => {
    const { agents } = await graph.get('{ agents { nodes { name status activeTaskCount } } }');
    expect(agents.nodes).toEqual([
      { name: 'broken', status: 'ERROR', activeTaskCount: 0 },
      { name: 'broken-and-paused', status: 'PAUSED', activeTaskCount: 0 },
      { name: 'busy', status: 'BUSY', activeTaskCount: 1 },
      { name: 'idle', status: 'IDLE', activeTaskCount: 0 },
      { name: 'lease-ended', status: 'IDLE', activeTaskCount: 1 },
      { name: 'never-seen', status: 'OFFLINE', activeTaskCount: 0 },
      { name: 'paused-at-work', status: 'PAUSED', activeTaskCount: 1 },
      { name: 'silent-at-work', status: 'OFFLINE', activeTaskCount: 1 },
    ]);
  });

  it('is the value that the filter compares', async () => {
    const { agents } = await graph.get('{ agents { nodes { name status } } }');
    for (const status of STATUSES) {
      const found = await graph.get(
        'query ($status: [AgentStatus!]) { agents(filter: { status: $status }) { totalCount nodes { name status } } }',
        { status: [status] },
      );
      const expected = agents.nodes.filter((agent: { status: string }) => agent.status === status);
      expect(expected.length).toBeGreaterThan(0);
      expect(found.agents).toEqual({ totalCount: expected.length, nodes: expected });
    }
    const all = await graph.get(
      'query ($status: [AgentStatus!]) { agents(filter: { status: $status }) { totalCount } }',
      {
        status: STATUSES,
      },
    );
    expect(all.agents.totalCount).toBe(agents.nodes.length);
  });
});

describe('a list of agents', () => {
  it('is filtered by role and text, and paged by name', async () => {
    const { services } = graph;
    await anAgent(services, { name: 'zoe', role: 'cartographer' });
    await anAgent(services, { name: 'Zack_1', role: 'cartographer' });
    const names = async (args: string) =>
      (await graph.get(`{ agents(${args}) { nodes { name } } }`)).agents.nodes.map(
        (agent: { name: string }) => agent.name,
      );
    expect(await names('filter: { role: ["cartographer", "none"] }')).toEqual(['Zack_1', 'zoe']);
    expect(await names('filter: { search: "CARTO" }')).toEqual(['Zack_1', 'zoe']);
    expect(await names('filter: { search: "k_1" }')).toEqual(['Zack_1']);
    expect(await names('filter: { role: [] }')).toEqual([]);
    const { agents } = await graph.get(
      '{ agents(first: 1, filter: { role: ["cartographer"] }) { pageInfo { endCursor hasNextPage } } }',
    );
    expect(agents.pageInfo.hasNextPage).toBe(true);
    expect(await names(`filter: { role: ["cartographer"] }, after: "${agents.pageInfo.endCursor}"`)).toEqual([
      'zoe',
    ]);
  });

  it('finds an agent by id, by name and as a node', async () => {
    const ann = await anAgent(graph.services, {
      name: 'ann',
      capabilities: ['maps'],
      config: { timeout: 90_000, extra: { a: [1] } },
    });
    const fields = 'id name displayName capabilities config { timeout extra dispatchModel }';
    const found = await graph.get(
      `query ($id: ID!) { byId: agent(ref: { id: $id }) { ${fields} } byName: agent(ref: { name: "ann" }) { ${fields} } node(id: $id) { ... on Agent { ${fields} } } }`,
      { id: ann.id },
    );
    const expected = {
      id: ann.id,
      name: 'ann',
      displayName: 'ann',
      capabilities: ['maps'],
      config: { timeout: 'PT1M30S', extra: { a: [1] }, dispatchModel: null },
    };
    expect(found).toEqual({ byId: expected, byName: expected, node: expected });
  });
});

describe('the statistics of an agent', () => {
  it('count the outcomes of its runs in the window', async () => {
    const { services } = graph;
    const agent = await anAgent(services, { name: 'counted' });
    const stats = async (window: string) =>
      (
        await graph.get(
          'query ($window: Duration) { agent(ref: { name: "counted" }) { stats(window: $window) { completed failed rejected verdicts medianDurationMs approvalRate } } }',
          { window },
        )
      ).agent.stats;
    expect(await stats('P1D')).toEqual({
      completed: 0,
      failed: 0,
      rejected: 0,
      verdicts: 0,
      medianDurationMs: null,
      approvalRate: null,
    });
    await aTaskIn(services, 'DONE', agent);
    await aTaskIn(services, 'FAILED', agent);
    const task = await aTaskIn(services, 'REVIEW', agent);
    await submitVerdict(services, services.admin, {
      task: { id: task.id },
      verdict: 'REJECTED',
      feedback: 'No.',
    });
    await services.sql(
      "UPDATE task_runs SET started_at = finished_at - interval '2 seconds' WHERE agent_id = $1 AND finished_at IS NOT NULL",
      [agent.id],
    );
    expect(await stats('P1D')).toEqual({
      completed: 2,
      failed: 1,
      rejected: 1,
      verdicts: 2,
      medianDurationMs: 2_000,
      approvalRate: 0.5,
    });
    await services.sql(
      "UPDATE task_runs SET finished_at = finished_at - interval '2 days' WHERE agent_id = $1",
      [agent.id],
    );
    expect(await stats('P1D')).toMatchObject({ completed: 0, failed: 0, rejected: 1 });
    expect(await stats('P3D')).toMatchObject({ completed: 2, failed: 1 });
  });
});
