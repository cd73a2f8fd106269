import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEchoGateway } from '../../../src/gateway/echo.js';
import { pauseAgent } from '../../../src/services/agents/pause-agent.js';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import { retryTask } from '../../../src/services/tasks/retry-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { claimFor } from '../../support/factories/claims.js';
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
    await pauseAgent(services, services.admin, { id: ann.id });
    expect(await waitingOn(earlier.id)).toEqual(['NO_ASSIGNEE']);
    const startsAt = new Date(Date.now() + 3_600_000);
    const task = await aTask(services, { dependsOn: [{ id: earlier.id }], startsAt });
    expect(await waitingOn(task.id)).toEqual(['DEPENDENCIES', 'STARTS_LATER', 'NO_ASSIGNEE']);
    await set('agents', ann.id, 'paused_at = NULL');
    expect(await waitingOn(earlier.id)).toEqual(['WAITING_FOR_CLAIM']);
    expect(await waitingOn(task.id)).toEqual(['DEPENDENCIES', 'STARTS_LATER']);
  });

  it('is a claim to come when its agent is there with room for it', async () => {
    const task = await aTask(graph.services, { assignee: { id: ann.id } });
    expect(await waitingOn(task.id)).toEqual(['WAITING_FOR_CLAIM']);
  });

  it('is a capability that no agent has, or that its assignee lacks', async () => {
    const { services } = graph;
    const gus = await anAgent(services, { capabilities: ['gpu'], acceptsInbox: false });
    const task = await aTask(services, { requires: ['gpu'] });
    expect(await waitingOn(task.id)).toEqual(['NO_CAPABLE_AGENT']);
    await set('agents', gus.id, 'accepts_inbox = true');
    expect(await waitingOn(task.id)).toEqual(['WAITING_FOR_CLAIM']);
    const own = await aTask(services, { requires: ['python', 'gpu'], assignee: { id: gus.id } });
    expect(await waitingOn(own.id)).toEqual(['NO_CAPABLE_AGENT']);
  });

  it('is an agent that is silent while the lease that it asked for has not ended', async () => {
    const { services } = graph;
    const kim = await anAgent(services);
    const { task } = await aClaimedTask(services, kim);
    expect(await waitingOn(task.id)).toEqual([]);
    await set('agents', kim.id, "last_seen_at = now() - interval '1 hour'");
    expect(await waitingOn(task.id)).toEqual(['ASSIGNEE_OFFLINE']);
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
    expect(await waitingOn(task.id)).toEqual(['WAITING_FOR_CLAIM']);
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
    expect(await waitingOn(task.id)).toEqual(['WAITING_FOR_CLAIM']);
    await services.sql(
      "INSERT INTO gateway_outages (gateway, error, expires_at) VALUES ('echo', 'refused', now() + interval '1 minute')",
    );
    expect(await waitingOn(task.id)).toEqual(['GATEWAY_UNREACHABLE']);
    await services.sql("UPDATE gateway_outages SET expires_at = now() - interval '1 second'");
    expect(await waitingOn(task.id)).toEqual(['WAITING_FOR_CLAIM']);
  });

  it('is in the inbox the gateway of the agents that could take it, if nothing else keeps them from it', async () => {
    const { services } = graph;
    const pia = await anAgent(services, { delivery: 'PUSH', capabilities: ['paint'] });
    const task = await aTask(services, { requires: ['paint'] });
    expect(await waitingOn(task.id)).toEqual(['GATEWAY_UNREACHABLE']);
    await pauseAgent(services, services.admin, { id: pia.id });
    expect(await waitingOn(task.id)).toEqual(['NO_ASSIGNEE']);
    await set('agents', pia.id, "paused_at = NULL, gateway = 'echo', error_at = now()");
    expect(await waitingOn(task.id)).toEqual(['NO_ASSIGNEE']);
    await set('agents', pia.id, 'error_at = NULL');
    expect(await waitingOn(task.id)).toEqual(['WAITING_FOR_CLAIM']);
    await services.sql("UPDATE gateway_outages SET expires_at = now() + interval '1 minute'");
    expect(await waitingOn(task.id)).toEqual(['GATEWAY_UNREACHABLE']);
    await anAgent(services, { capabilities: ['paint'] });
    expect(await waitingOn(task.id)).toEqual(['WAITING_FOR_CLAIM']);
    await services.sql("UPDATE gateway_outages SET expires_at = now() - interval '1 second'");
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
    expect(await waitingOn(pulled.id)).toEqual(['WAITING_FOR_CLAIM']);
    const inInbox = await aTask(services, { requires: ['only pat'] });
    await set('agents', pat.id, "capabilities = '{only pat}'");
    expect(await waitingOn(inInbox.id)).toEqual(['SCHEDULER_PAUSED']);
    await services.sql('UPDATE scheduler_jobs SET paused_at = NULL');
  });

  it('names for a review the reasons of a PUSH reviewer', async () => {
    const { services } = graph;
    const task = await aTaskIn(services, 'REVIEW', ann);
    await services.sql("UPDATE agents SET delivery = 'PUSH', gateway = 'nowhere' WHERE name = 'aegis'");
    await services.sql("INSERT INTO scheduler_jobs (name, paused_at) VALUES ('runAegisReviews', now())");
    // rita asks for rounds herself, so this one waits only for her.
    expect(await waitingOn(task.id)).toEqual(['REVIEW_PENDING']);
    await services.sql("UPDATE agents SET paused_at = now() WHERE name = 'rita'");
    expect(await waitingOn(task.id)).toEqual(['GATEWAY_UNREACHABLE', 'SCHEDULER_PAUSED', 'REVIEW_PENDING']);
  });
});

describe('waitingOn of a task that changes while an answer is read', () => {
  /** Changes the task between the statement that reads it and the one that reads why it waits. */
  const readAround = async (id: string, change: () => Promise<unknown>) => {
    const { readPool: pool } = graph.services.database;
    const original = pool.query;
    let isChanged = false;
    const changed = async (...args: [string | { text: string }]) => {
      const text = typeof args[0] === 'string' ? args[0] : args[0].text;
      if (text.includes('AS has_open_dependencies') && !isChanged) {
        isChanged = true;
        await change();
      }
      return Reflect.apply(original, pool, args);
    };
    pool.query = changed as typeof pool.query;
    try {
      const { tasks } = await graph.get('{ tasks(first: 100) { nodes { id status waitingOn } } }');
      expect(isChanged).toBe(true);
      return tasks.nodes.find((task: { id: string }) => task.id === id);
    } finally {
      pool.query = original;
    }
  };

  it('agrees with the status that is shown, whichever follows', async () => {
    const { services } = graph;
    const zoe = await anAgent(services, { acceptsInbox: false });
    const task = await aTask(services, { assignee: { id: zoe.id } });
    const of = { task: { id: task.id } };
    let runId = '';
    const claim = async () => {
      runId = (await claimFor(services, zoe)).run?.id ?? '';
    };
    const complete = () => completeTask(services, services.admin, { runId, resolution: 'done' });
    const reject = () =>
      submitVerdict(services, services.admin, { ...of, verdict: 'REJECTED', feedback: 'no tests' });
    const cancel = () => cancelTask(services, services.admin, of);
    const retry = () => retryTask(services, services.admin, of);
    for (const [status, change, reasons] of [
      ['ASSIGNED', claim, ['WAITING_FOR_CLAIM']],
      ['IN_PROGRESS', complete, []],
      ['REVIEW', reject, ['REVIEW_PENDING']],
      ['ASSIGNED', cancel, ['WAITING_FOR_CLAIM']],
      ['CANCELLED', retry, []],
    ] as const)
      expect(await readAround(task.id, change)).toEqual({ id: task.id, status, waitingOn: reasons });
  });
});

describe('the agents that could take a task', () => {
  const candidatesOf = async (id: string) => {
    const query =
      'query ($id: ID!) { task(ref: { id: $id }) { candidates { agent { name } eligible reasons } } }';
    const { task } = await graph.get(query, { id });
    return new Map<string, { eligible: boolean; reasons: string[] }>(
      task.candidates.map(({ agent, ...rest }: { agent: { name: string } }) => [agent.name, rest]),
    );
  };

  it('come first, and the others say why they can’t', async () => {
    const { services } = graph;
    const able = { capabilities: ['sing', 'dance'] };
    await anAgent(services, { name: 'c-able', ...able });
    await anAgent(services, { name: 'c-half', capabilities: ['sing'] });
    await anAgent(services, { name: 'c-own', ...able, acceptsInbox: false });
    const paused = await anAgent(services, { name: 'c-paused', ...able });
    await pauseAgent(services, services.admin, { id: paused.id });
    const silent = await anAgent(services, { name: 'c-silent', ...able });
    await set('agents', silent.id, "last_seen_at = now() - interval '1 hour'");
    await anAgent(services, { name: 'c-nowhere', ...able, delivery: 'PUSH' });
    const busy = await anAgent(services, { name: 'c-busy', ...able, maxCapacity: 1 });
    await aClaimedTask(services, busy);
    const task = await aTask(services, { requires: ['dance', 'sing'] });
    const candidates = await candidatesOf(task.id);
    expect([...candidates.keys()][0]).toBe('c-able');
    const because = (name: string) => candidates.get(name)?.reasons;
    expect(candidates.get('c-able')).toEqual({ eligible: true, reasons: [] });
    expect(candidates.get('c-half')).toEqual({ eligible: false, reasons: ['lacks dance'] });
    expect(because('c-own')).toEqual(['does not accept tasks of the inbox']);
    expect(because('c-paused')).toEqual(['paused']);
    expect(because('c-silent')).toEqual(['offline']);
    expect(because('c-nowhere')).toEqual(["its gateway is missing or can't be reached"]);
    expect(because('c-busy')).toEqual(['at capacity']);
  });

  it('are its assignee alone, and none once it is worked on', async () => {
    const { services } = graph;
    const task = await aTask(services, { assignee: { id: ann.id } });
    const candidates = await candidatesOf(task.id);
    expect(candidates.get('ann')?.eligible).toBe(true);
    expect(candidates.get('c-able')?.reasons).toEqual(['assigned to ann']);
    expect((await candidatesOf((await aTaskIn(services, 'IN_PROGRESS', ann)).id)).size).toBe(0);
  });
});

describe('tasks(filter: { waitingOn })', () => {
  it('finds the tasks whose waitingOn has one of these reasons', async () => {
    const query = `query ($reasons: [WaitingReason!]) { tasks(first: 100, filter: { waitingOn: $reasons }) { nodes { id waitingOn } } }`;
    const all = (await graph.get('{ tasks(first: 100) { nodes { id waitingOn } } }')).tasks.nodes;
    const said = new Set<string>(all.flatMap((task: { waitingOn: string[] }) => task.waitingOn));
    expect(said.size).toBeGreaterThan(4);
    expect(said).toContain('GATEWAY_UNREACHABLE');
    for (const reason of said) {
      const { tasks } = await graph.get(query, { reasons: [reason] });
      expect(tasks.nodes).toEqual(
        all.filter((task: { waitingOn: string[] }) => task.waitingOn.includes(reason)),
      );
    }
  });
});
