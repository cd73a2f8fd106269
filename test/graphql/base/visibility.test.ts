import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { createEchoGateway } from '../../../src/gateway/echo.js';
import { inTransaction } from '../../../src/postgres/transaction.js';
import { claimNextReview } from '../../../src/services/reviews/claim-next-review.js';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { releaseTask } from '../../../src/services/runs/release-task.js';
import { addComment } from '../../../src/services/tasks/add-comment.js';
import { createTask } from '../../../src/services/tasks/create-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { isTaskVisibleToAgent } from '../../../src/store/tasks/visible-tasks.js';
import { neverAborted } from '../../support/factories/claims.js';
import { aClaimedTask, aKeyOf, anAgent, aTask, aTaskIn } from '../../support/factories/factory.js';
import { aReassignedTask, aReopenedTask } from '../../support/factories/left-tasks.js';
import { type Graph, openGraph } from '../../support/graphql/graph.js';
import { insertReviewRun } from '../../support/graphql/seed-tasks.js';

const NAMES = ['ann', 'bob', 'aegis', 'rita'] as const;
type Name = (typeof NAMES)[number];

let graph: Graph;
let ann: AgentRow;
let bob: AgentRow;
let keys: Record<Name, Viewer>;
/** One task for each reason why a key may or may not see it. */
const tasks: Record<string, string> = {};

beforeAll(async () => {
  graph = await openGraph();
  const { services } = graph;
  services.gateways.set('echo', createEchoGateway());
  ann = await anAgent(services, {
    name: 'ann',
    soul: "Ann's secret",
    config: { gateway: 'echo', extra: { a: 1 } },
  });
  bob = await anAgent(services, { name: 'bob', soul: "Bob's secret", config: { gateway: 'echo' } });
  keys = {
    ann: await aKeyOf(services, ann),
    bob: await aKeyOf(services, bob),
    aegis: await aKeyOf(services, await anAgent(services, { name: 'aegis' })),
    rita: await aKeyOf(services, await anAgent(services, { name: 'rita', role: 'reviewer' })),
  };
  const assigned = (agent: AgentRow) => ({ assignee: { id: agent.id } });

  tasks.inbox = (await aTask(services)).id;
  tasks.annsOwn = (await aTask(services, assigned(ann))).id;
  tasks.bobsOwn = (await aTask(services, assigned(bob))).id;
  tasks.madeByAnn = (await createTask(services, keys.ann, { title: 'for bob', ...assigned(bob) })).id;

  tasks.bobsInReview = (await aTaskIn(services, 'REVIEW', bob)).id;
  tasks.bobsDone = (await aTaskIn(services, 'DONE', bob)).id;
  tasks.bobsInput = (await aTaskIn(services, 'DONE', bob)).id;
  tasks.annBuildsOnIt = (
    await aTask(services, { ...assigned(ann), dependsOn: [{ id: tasks.bobsInput }] })
  ).id;

  const reviewed = await aClaimedTask(services, bob);
  await completeTask(services, keys.bob, { runId: reviewed.runId, resolution: 'look' });
  await services.sql("UPDATE tasks SET priority = 'CRITICAL', due_at = '2001-01-01' WHERE id = $1", [
    reviewed.task.id,
  ]);
  await services.sql("UPDATE agents SET role = 'reviewer' WHERE name = 'ann'");
  await claimNextReview(services, keys.ann, {}, neverAborted);
  await services.sql("UPDATE agents SET role = 'coder' WHERE name = 'ann'");
  await submitVerdict(services, keys.ann, { task: { id: reviewed.task.id }, verdict: 'APPROVED' });
  tasks.annReviewed = reviewed.task.id;

  const released = await aClaimedTask(services, ann);
  await releaseTask(services, keys.ann, { runId: released.runId });
  await services.sql('UPDATE tasks SET assignee_id = $2 WHERE id = $1', [released.task.id, bob.id]);
  tasks.annWorkedBobHas = released.task.id;
  tasks.annDidBobHas = await aReassignedTask(services, ann, bob);
  tasks.annDidBobTook = await aReopenedTask(services, ann, bob);
});

afterAll(() => graph.close());

const FORMERLY_ANNS = ['annWorkedBobHas', 'annDidBobHas', 'annDidBobTook'];
const BOBS = ['bobsOwn', 'bobsInReview', 'bobsDone', 'bobsInput'];
const SEEN: Record<Name, readonly string[]> = {
  ann: ['inbox', 'annsOwn', 'madeByAnn', ...FORMERLY_ANNS, 'annBuildsOnIt', 'annReviewed'],
  bob: ['inbox', ...BOBS, 'madeByAnn', ...FORMERLY_ANNS, 'annReviewed'],
  aegis: ['inbox', 'bobsInReview'],
  rita: ['inbox', 'bobsInReview'],
};

const namesOf = (ids: readonly string[]) => Object.keys(tasks).filter((name) => ids.includes(tasks[name]!));

describe.each(NAMES)('the key of %s', (name) => {
  const seen = SEEN[name];

  it('lists, counts and pages through exactly the tasks that it may see', async () => {
    const { tasks: list } = await graph.get(
      '{ tasks(first: 100) { totalCount nodes { id } } }',
      {},
      keys[name],
    );
    expect(namesOf(list.nodes.map((node: { id: string }) => node.id))).toEqual(
      Object.keys(tasks).filter((task) => seen.includes(task)),
    );
    expect(list.totalCount).toBe(seen.length);
  });

  it('finds them by id, by ref and as nodes, and gets null for the others', async () => {
    for (const [task, id] of Object.entries(tasks)) {
      const [{ number }] = (await graph.services.sql('SELECT number FROM tasks WHERE id = $1', [id])) as [
        { number: bigint },
      ];
      const found = await graph.get(
        'query ($id: ID!, $ref: String!) { byId: task(ref: { id: $id }) { id } byRef: task(ref: { ref: $ref }) { id } node(id: $id) { id } nodes(ids: [$id]) { id } }',
        { id, ref: `TASK-${number}` },
        keys[name],
      );
      const expected = seen.includes(task) ? { id } : null;
      expect({ task, ...found }).toEqual({
        task,
        byId: expected,
        byRef: expected,
        node: expected,
        nodes: [expected],
      });
    }
  });

  it('has the same rights by the rule that mutations use', async () => {
    if (name === 'aegis') return;
    for (const [task, id] of Object.entries(tasks)) {
      const agentId = keys[name].agentId ?? '';
      const answer = await inTransaction(graph.services.database, (tx) =>
        isTaskVisibleToAgent(tx, id, agentId, 'aegis'),
      );
      expect([task, answer]).toEqual([task, seen.includes(task)]);
    }
  });

  it('sees them through agents, and no others', async () => {
    const { agents } = await graph.get(
      '{ agents { nodes { tasks(first: 100) { totalCount nodes { id } } } } }',
      {},
      keys[name],
    );
    const lists = agents.nodes.map(
      (agent: { tasks: { totalCount: number; nodes: { id: string }[] } }) => agent.tasks,
    );
    const ids = lists.flatMap((list: { nodes: { id: string }[] }) => list.nodes.map((node) => node.id));
    expect(namesOf(ids).filter((task) => !seen.includes(task))).toEqual([]);
    expect(lists.map((list: { totalCount: number }) => list.totalCount)).toEqual(
      lists.map((list: { nodes: unknown[] }) => list.nodes.length),
    );
  });
});

describe('the key of an agent', () => {
  it('sees the results of its dependencies, and only its own side of a dependency', async () => {
    const own = await graph.get(
      'query ($id: ID!) { task(ref: { id: $id }) { dependsOn { id } dependencyResults { task { id } resolution } } }',
      { id: tasks.annBuildsOnIt },
      keys.ann,
    );
    expect(own.task).toEqual({
      dependsOn: [{ id: tasks.bobsInput }],
      dependencyResults: [{ task: { id: tasks.bobsInput }, resolution: 'done' }],
    });
    const others = await graph.get(
      'query ($id: ID!) { task(ref: { id: $id }) { dependents { id } } }',
      { id: tasks.bobsInput },
      keys.bob,
    );
    expect(others.task.dependents).toEqual([]);
  });

  it('sees no run, comment or review of a task that it may not see', async () => {
    const { services } = graph;
    const comment = await addComment(services, services.admin, {
      task: { id: tasks.bobsDone! },
      body: 'Well done.',
    });
    const [run] = await services.sql<{ id: string }>('SELECT id FROM task_runs WHERE task_id = $1', [
      tasks.bobsDone,
    ]);
    const [review] = await services.sql<{ id: string }>('SELECT id FROM quality_reviews WHERE task_id = $1', [
      tasks.bobsDone,
    ]);
    const ids = [comment.id, run?.id, review?.id];
    const ask = (viewer: Viewer) =>
      graph.get('query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }', { ids }, viewer);
    expect((await ask(keys.ann)).nodes).toEqual([null, null, null]);
    expect((await ask(keys.bob)).nodes.map((node: { id: string }) => node.id)).toEqual(ids);
  });

  it('sees the names of other agents, and not their settings', async () => {
    const { agents } = await graph.get(
      '{ agents { nodes { name role status capabilities soul config { gateway extra } } } }',
      {},
      keys.ann,
    );
    const empty = { gateway: null, extra: {} };
    expect(agents.nodes).toMatchObject([
      { name: 'aegis', soul: null, config: empty },
      { name: 'ann', soul: "Ann's secret", config: { gateway: 'echo', extra: { a: 1 } } },
      { name: 'bob', soul: null, config: empty },
      { name: 'rita', soul: null, config: empty },
    ]);
  });

  it('does not see the prompts and outputs of another agent', async () => {
    await graph.services.sql("UPDATE task_runs SET prompt = 'asked', output = 'answered'");
    await insertReviewRun(graph, tasks.bobsInput!, keys.ann.agentId!);
    const read = (viewer: Viewer) =>
      graph.get(
        'query ($id: ID!) { task(ref: { id: $id }) { runs { nodes { prompt output } } reviewRuns { nodes { prompt output } } } }',
        { id: tasks.bobsInput },
        viewer,
      );
    const secret = { nodes: [{ prompt: null, output: null }] };
    const known = { nodes: [{ prompt: 'asked', output: 'answered' }] };
    expect((await read(keys.ann)).task).toEqual({ runs: secret, reviewRuns: known });
    expect((await read(keys.bob)).task).toEqual({ runs: known, reviewRuns: secret });
  });

  it('sees the name of a key, and no other field of it', async () => {
    const query = (fields: string) =>
      graph.ask(
        `query ($id: ID!) { task(ref: { id: $id }) { createdBy { id displayName ... on ApiKey { ${fields} } } } }`,
        { id: tasks.inbox },
        keys.ann,
      );
    expect((await query('__typename')).data.task.createdBy).toMatchObject({
      __typename: 'ApiKey',
      displayName: expect.any(String),
    });
    for (const field of ['name', 'prefix', 'role', 'createdAt', 'lastUsedAt', 'agent { id }']) {
      expect((await query(field)).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    }
    const own = await graph.get(
      '{ viewer { role agent { name } apiKey { id role prefix agent { name } } } }',
      {},
      keys.ann,
    );
    expect(own.viewer).toEqual({
      role: 'AGENT',
      agent: { name: 'ann' },
      apiKey: { id: keys.ann.keyId, role: 'AGENT', prefix: 'mc_', agent: { name: 'ann' } },
    });
  });

  it('reads its own nextTask, and not that of another agent', async () => {
    const query = 'query ($name: String!) { nextTask(agent: { name: $name }) { id } }';
    expect((await graph.get(query, { name: 'ann' }, keys.ann)).nextTask).not.toBeNull();
    const refused = await graph.ask(query, { name: 'bob' }, keys.ann);
    expect(refused.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  });
});

describe('the role of a key', () => {
  const roles = ['VIEWER', 'AGENT', 'OPERATOR', 'ADMIN'] as const;
  const viewerOf = (role: (typeof roles)[number]): Viewer =>
    role === 'AGENT' ? keys.ann : { keyId: 'key_x', role, agentId: null };

  it.each([
    ['{ apiKeys { totalCount } }', ['ADMIN']],
    ['{ overview { agentsTotal } }', ['VIEWER', 'OPERATOR', 'ADMIN']],
    ['{ tasks { totalCount } }', roles],
    ['{ agents { totalCount } }', roles],
    ['{ soulTemplates { name } }', roles],
    ['{ server { version } viewer { role } }', roles],
  ])('decides about %s', async (query, allowed) => {
    for (const role of roles) {
      const { errors } = await graph.ask(query, {}, viewerOf(role));
      expect([role, errors?.[0]?.extensions.code]).toEqual([
        role,
        allowed.includes(role) ? undefined : 'FORBIDDEN',
      ]);
    }
  });

  it.each(['VIEWER', 'OPERATOR', 'ADMIN'] as const)('%s sees every task', async (role) => {
    const { tasks: list } = await graph.get('{ tasks { totalCount } }', {}, viewerOf(role));
    expect(list.totalCount).toBe(Object.keys(tasks).length);
  });

  it('allows only admins to read keys by id', async () => {
    const ask = (role: (typeof roles)[number]) =>
      graph.get(
        'query ($id: ID!) { node(id: $id) { id ... on ApiKey { name } } }',
        { id: graph.services.admin.keyId },
        viewerOf(role),
      );
    expect((await ask('OPERATOR')).node).toBeNull();
    expect((await ask('AGENT')).node).toBeNull();
    expect((await ask('ADMIN')).node).toMatchObject({ id: graph.services.admin.keyId });
  });
});
