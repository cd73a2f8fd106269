import type { GraphQLObjectType } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { createEchoGateway } from '../../../src/gateway/echo.js';
import { updateAgent } from '../../../src/services/agents/register-agent.js';
import { openDispatch } from '../../../src/services/dispatch/open-dispatch.js';
import { listStreamedEvents } from '../../../src/services/events/streamed-events.js';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { renewLease } from '../../../src/services/runs/renew-lease.js';
import { addComment } from '../../../src/services/tasks/add-comment.js';
import { createTask } from '../../../src/services/tasks/create-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import type { LogRow } from '../../../src/store/events/event-log.js';
import { claimFor } from '../../support/factories/claims.js';
import { aKeyOf, anAgent, aTask } from '../../support/factories/factory.js';
import { type Graph, openGraph, schema } from '../../support/graphql/graph.js';

/** Part of every text of the dependency except its resolution. */
const HIDDEN = 'hidden-from-watchers';
const RESULT = 'The result that the dependent task needs.';

let graph: Graph;
let ann: AgentRow;
let bob: AgentRow;
let watcher: Viewer;
let worker: Viewer;
/** The dependency, the watcher's own task and the ids of what belongs to the dependency. */
let dependency: { readonly id: string; readonly ref: string };
let own: { readonly id: string };
let parts: string[];

beforeAll(async () => {
  graph = await openGraph();
  const { services } = graph;
  ann = await anAgent(services, { name: 'ann' });
  bob = await anAgent(services, { name: 'bob' });
  watcher = await aKeyOf(services, ann);
  worker = await aKeyOf(services, bob);
  const inbox = await aTask(services, { title: 'Anyone may see this', priority: 'CRITICAL' });
  dependency = { id: inbox.id, ref: `TASK-${inbox.number}` };
  own = await createTask(services, watcher, {
    title: "The watcher's task",
    assignee: { id: ann.id },
    dependsOn: [{ id: inbox.id }],
  });
  const { run } = await claimFor(services, bob);
  const comment = await addComment(services, worker, { task: dependency, body: HIDDEN });
  await services.sql(
    `UPDATE tasks SET title = $2, description = $2, tags = ARRAY[$2], metadata = jsonb_build_object('a', $2::text),
       requires = ARRAY[$2], failure_detail = $2, resolution = $2 WHERE id = $1`,
    [dependency.id, HIDDEN],
  );
  await services.sql('UPDATE task_runs SET prompt = $2, progress = $2 WHERE task_id = $1', [
    dependency.id,
    HIDDEN,
  ]);
  parts = [run?.id ?? '', comment.id];
});

afterAll(() => graph.close());

const SHOWN = 'id ref status resolution';
const NULLABLE = [
  ...['description', 'failureDetail', 'failureReason', 'dueAt', 'startsAt', 'startedAt', 'completedAt'],
  ...['assignee { name }', 'currentRun { id }', 'recurringTask { id }', 'pipelineRun { id }', 'pipelineStep'],
];
const REFUSED = [
  ...['priority', 'tags', 'requires', 'metadata', 'reviewPolicy', 'pinned', 'version', 'onDependencyFailure'],
  ...['dispatchAttempts', 'reviewCycles', 'staleRequeues', 'createdAt', 'updatedAt', 'statusAt'],
  ...[
    'createdBy { id }',
    'waitingOn',
    'candidates { eligible }',
    'routing { tier }',
    'dependents { id }',
    'dependsOn { id }',
  ],
  ...['dependencyResults { resolution }', 'inputs { resolution }', 'allowedTransitions', 'waitedForPeople'],
  ...['runs', 'reviews', 'reviewRuns', 'comments', 'questions', 'events'].map(
    (list) => `${list} { totalCount }`,
  ),
];

describe.each(['while it is not done', 'once it is done'])(
  'a dependency that an agent may not see otherwise, %s',
  (when) => {
    const isDone = when === 'once it is done';
    const view = () => ({
      ...dependency,
      status: isDone ? 'DONE' : 'IN_PROGRESS',
      resolution: isDone ? RESULT : null,
    });

    beforeAll(async () => {
      if (!isDone) return;
      const [runId = ''] = parts;
      await completeTask(graph.services, worker, { runId, resolution: RESULT });
      const verdict = { task: dependency, verdict: 'APPROVED', feedback: HIDDEN } as const;
      const { review } = await submitVerdict(graph.services, graph.services.admin, verdict);
      parts.push(review.id);
    });

    it('shows its ref, its status and, once it is done, its resolution', async () => {
      const { task } = await graph.get(
        `query ($id: ID!) { task(ref: { id: $id }) {
        dependsOn { ${SHOWN} title }
        dependencyResults { resolution task { ${SHOWN} title } } inputs { resolution task { ${SHOWN} title } }
      } }`,
        { id: own.id },
        watcher,
      );
      // A title can't be null, so the ref stands for it.
      const shown = { ...view(), title: dependency.ref };
      const result = { resolution: view().resolution, task: shown };
      expect(task).toEqual({ dependsOn: [shown], dependencyResults: [result], inputs: [result] });
    });

    it('shows nothing else of itself', async () => {
      const ask = (fields: string) =>
        graph.ask(
          `query ($id: ID!) { task(ref: { id: $id }) { dependsOn { ${fields} } } }`,
          { id: own.id },
          watcher,
        );
      for (const field of NULLABLE) {
        const [name] = field.split(' ');
        const { data, errors } = await ask(field);
        expect({ field, data, errors }).toEqual({
          field,
          data: { task: { dependsOn: [{ [name!]: null }] } },
        });
      }
      for (const field of REFUSED) {
        const { data, errors } = await ask(field);
        expect({ field, data, code: errors?.[0]?.extensions.code }).toEqual({
          field,
          data: { task: null },
          code: 'FORBIDDEN',
        });
      }
    });

    it('lists every field of a task in this test', () => {
      const listed = [...SHOWN.split(' '), 'title', ...NULLABLE, ...REFUSED].map(
        (field) => field.split(' ')[0],
      );
      const type = schema.getType('Task') as GraphQLObjectType;
      expect(listed.sort()).toEqual(Object.keys(type.getFields()).sort());
    });

    it('is found by no id, ref, list or search', async () => {
      const found = await graph.get(
        `query ($id: ID!, $ref: String!, $ids: [ID!]!, $hidden: String!) {
        byId: task(ref: { id: $id }) { id } byRef: task(ref: { ref: $ref }) { id }
        node(id: $id) { id } nodes(ids: $ids) { id }
        tasks(first: 100) { nodes { id } } search: tasks(filter: { search: $hidden }) { totalCount }
        agents { nodes { tasks { nodes { id } } } }
      }`,
        { ...dependency, ids: [dependency.id, ...parts], hidden: HIDDEN },
        watcher,
      );
      expect(found).toMatchObject({
        byId: null,
        byRef: null,
        node: null,
        nodes: [dependency.id, ...parts].map(() => null),
        search: { totalCount: 0 },
      });
      expect(JSON.stringify(found)).not.toContain(dependency.id);
    });

    it('shows none of its events, in lists or in streams', async () => {
      const read = (viewer: Viewer) =>
        graph.ask(
          `query ($id: ID!) {
          all: events(last: 100) { nodes { id type ... on TaskEvent { task { id } } } }
          its: events(filter: { task: { id: $id } }) { nodes { id type } }
        }`,
          dependency,
          viewer,
        );
      expect((await read(worker)).data.its.nodes).not.toEqual([]);
      expect(JSON.stringify((await read(watcher)).data ?? null)).not.toContain(dependency.id);
      const log = await graph.services.sql<LogRow>(
        'SELECT id, type, task_id AS "taskId", agent_id AS "agentId", actor_agent_id AS "actorAgentId" FROM events WHERE task_id = $1',
        [dependency.id],
      );
      expect(log.length).toBeGreaterThan(2);
      expect(await listStreamedEvents(graph.services, watcher, log)).toEqual([]);
    });

    it('can’t be commented on, or become the dependency of a further task', async () => {
      const { services } = graph;
      const refused = { code: 'NOT_FOUND' };
      await expect(addComment(services, watcher, { task: dependency, body: 'x' })).rejects.toMatchObject(
        refused,
      );
      const further = { title: 'x', assignee: { id: ann.id }, dependsOn: [{ id: dependency.id }] };
      await expect(createTask(services, watcher, further)).rejects.toMatchObject(refused);
      await expect(renewLease(services, watcher, { runId: parts[0]! })).rejects.toMatchObject(refused);
    });

    it('is shown in full to other keys', async () => {
      for (const viewer of [worker, graph.services.admin]) {
        const { task } = await graph.get(
          'query ($id: ID!) { task(ref: { id: $id }) { title description tags } }',
          dependency,
          viewer,
        );
        expect(task).toEqual({ title: HIDDEN, description: HIDDEN, tags: [HIDDEN] });
      }
    });
  },
);

describe('the work on a task with such a dependency', () => {
  it('gets the resolution with the claim and no other text', async () => {
    const { data, errors } = await graph.ask(
      `mutation { claimNextTask(input: {}) { reason task {
        id dependsOn { ref title status description } dependencyResults { resolution task { ref title } }
      } } }`,
      {},
      watcher,
    );
    expect(errors).toBeUndefined();
    expect(data.claimNextTask).toMatchObject({
      reason: 'ASSIGNED',
      task: { id: own.id, dependencyResults: [{ resolution: RESULT }] },
    });
    expect(JSON.stringify(data)).not.toContain(HIDDEN);
  });

  it('gets it in the prompt, with the title only if its agent may see the dependency', async () => {
    for (const [agent, heading] of [
      [ann, `### ${dependency.ref}\n`],
      [bob, `### ${dependency.ref}: ${HIDDEN}\n`],
    ] as const) {
      const prompt = await promptOf(agent);
      expect(prompt).toContain(heading);
      expect(prompt).toContain(RESULT);
    }
  });
});

async function promptOf(agent: AgentRow): Promise<string> {
  const { services } = graph;
  const gateway = createEchoGateway();
  services.gateways.set('echo', gateway);
  const config = { gateway: 'echo' };
  await updateAgent(services, services.admin, { agent: { id: agent.id }, delivery: 'PUSH', config });
  await aTask(services, { assignee: { id: agent.id }, dependsOn: [{ id: dependency.id }] });
  const owner = { dispatcher: 'test', leaseMs: 60_000 };
  const opened = await openDispatch(services, agent.id, gateway, owner);
  return opened?.run.prompt ?? '';
}
