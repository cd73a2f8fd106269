import { isObjectType } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fireRecurringTask } from '../../../src/services/recurring/fire-recurring-task.js';
import { addComment } from '../../../src/services/tasks/add-comment.js';
import { aClaimedTask, aKeyOf, anAgent, aTask, aTaskIn } from '../../support/factories/factory.js';
import { aPipelineRun, step } from '../../support/factories/pipelines.js';
import { aRecurringTask } from '../../support/factories/recurring.js';
import { type Answer, type Graph, openGraph, schema } from '../../support/graphql/graph.js';
import { insertReviewRun } from '../../support/graphql/seed-tasks.js';

let graph: Graph;

beforeAll(async () => {
  graph = await openGraph();
  const { services } = graph;
  for (let i = 0; i < 6; i += 1) await aPipelineRun(services, [step('only')]);
  for (let i = 0; i < 6; i += 1) {
    const agent = await anAgent(services);
    const done = await aTaskIn(services, 'DONE', agent);
    const { task } = await aClaimedTask(services, agent, { dependsOn: [{ id: done.id }] });
    await aTask(services, { dependsOn: [{ id: task.id }], assignee: { id: agent.id } });
    await insertReviewRun(graph, (await aTaskIn(services, 'REVIEW', agent)).id, agent.id);
    const comment = await addComment(services, services.admin, { task: { id: task.id }, body: 'First' });
    await addComment(services, await aKeyOf(services, agent), {
      task: { id: task.id },
      body: 'Second',
      inReplyToId: comment.id,
    });
    await fireRecurringTask(services, services.admin, (await aRecurringTask(services)).id);
  }
});

afterAll(() => graph.close());

const AGENT =
  'id name displayName role status delivery capabilities maxCapacity acceptsInbox activeTaskCount lastSeenAt soul config { gateway timeout extra } createdAt version stats { completed failed rejected medianDurationMs approvalRate }';
const ACTOR = '__typename id displayName ... on Agent { status } ... on ApiKey { role prefix }';
const RUN = `id number trigger outcome startedAt finishedAt leaseExpiresAt model modelTier gateway gatewayRunId prompt output error progress usage { inputTokens outputTokens costUsd } agent { ${AGENT} }`;
const PAGE = 'totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';
const TASK = `id ref title description status pinned priority tags requires metadata dueAt startsAt version allowedTransitions waitingOn routing { tier model signals } resolution
  failureReason failureDetail reviewPolicy onDependencyFailure dispatchAttempts reviewCycles staleRequeues createdAt updatedAt startedAt completedAt
  candidates { eligible reasons }
  assignee { ${AGENT} } createdBy { ${ACTOR} } currentRun { ${RUN} }
  dependsOn { id title assignee { name } } dependents { id title } dependencyResults { resolution task { ref assignee { name } } }
  runs(first: 3) { ${PAGE} nodes { ${RUN} task { ref } } }
  reviews(last: 3) { ${PAGE} edges { cursor node { id round verdict feedback superseded createdAt run { number agent { name } } reviewer { ${ACTOR} } } } }
  reviewRuns(first: 3) { ${PAGE} nodes { id round outcome prompt output error usage { inputTokens } agent { ${AGENT} } } }
  comments(first: 3) { ${PAGE} nodes { id body createdAt author { ${ACTOR} } inReplyTo { body author { displayName } } } }
  recurringTask { name nextRuns template { assignee { name } } }`;

describe('the number of statements', () => {
  it.each([
    [
      'tasks with all that hangs on them',
      `query ($n: Int) { list: tasks(first: $n) { ${PAGE} nodes { ${TASK} } } }`,
    ],
    [
      'agents with their tasks',
      `query ($n: Int) { list: agents(first: $n) { nodes { ${AGENT} tasks(first: 4) { ${PAGE} nodes { ${TASK} } } } } }`,
    ],
    [
      'API keys with their agents',
      'query ($n: Int) { list: apiKeys(first: $n) { nodes { name agent { name status } } } }',
    ],
    [
      'pipelines with their runs',
      'query ($n: Int) { list: pipelines(first: $n) { nodes { name variables steps { key } runs { nodes { progress pipeline { name steps { key } } tasks { ref } } } } } }',
    ],
    [
      'one list asked for twice in different ways',
      'query ($n: Int) { list: agents(first: $n) { nodes { a: tasks(first: 1, filter: { status: [DONE] }) { nodes { id } } b: tasks(last: 2, orderBy: { field: QUEUE }) { totalCount nodes { title } } } } }',
    ],
  ])('is the same for one and for many: %s', async (_name, query) => {
    const count = async (n: number) => {
      const statements = await graph.recordStatements(async () => {
        const { list } = await graph.get(query, { n });
        expect(list.nodes.length).toBe(n);
      });
      return statements.length;
    };
    // One task may lack what another has, so the full list is read first.
    const many = await count(6);
    expect(await count(5)).toBe(many);
    expect(many).toBeLessThan(47);
    expect(await count(1)).toBeLessThanOrEqual(many);
  });

  it('is two for a page of tasks with their agents and the total', async () => {
    const statements = await graph.recordStatements(() =>
      graph.get('{ tasks(first: 50) { totalCount nodes { ref title assignee { name } } } }'),
    );
    expect(statements).toHaveLength(2);
  });

  it('is one for the total alone', async () => {
    expect(await graph.recordStatements(() => graph.get('{ tasks { totalCount } }'))).toHaveLength(1);
  });

  it('is none for an actor if only its id is selected', async () => {
    const alone = await graph.recordStatements(() => graph.get('{ tasks { nodes { id } } }'));
    const withActor = await graph.recordStatements(() =>
      graph.get('{ tasks { nodes { id createdBy { __typename id } } } }'),
    );
    expect(withActor).toHaveLength(alone.length);
  });
});

describe('a list', () => {
  it('reads no column that is not selected', async () => {
    const [statement] = await graph.recordStatements(() => graph.get('{ tasks { nodes { title } } }'));
    expect(statement).toContain('t.title');
    for (const column of ['description', 'resolution', 'metadata', 'failure_detail']) {
      expect(statement).not.toContain(column);
    }
  });

  it.each(['Task', 'Agent', 'TaskRun', 'ReviewRun'])(
    'reads for a single field of %s the same value as for all fields',
    async (name) => {
      const type = schema.getType(name);
      if (!isObjectType(type)) throw new Error(`${name} is no object`);
      const fields = Object.values(type.getFields()).map((field) => ({
        field: field.name,
        text: selectionOf(field.name),
      }));
      const list = (selection: string) =>
        ({
          Task: `{ tasks(first: 50) { nodes { ${selection} } } }`,
          Agent: `{ agents(first: 100) { nodes { ${selection} } } }`,
          TaskRun: `{ tasks(first: 50) { nodes { runs { nodes { ${selection} } } } } }`,
          ReviewRun: `{ tasks(first: 50) { nodes { reviewRuns { nodes { ${selection} } } } } }`,
        })[name] ?? '';
      const all = rowsOf(name, await graph.get(list(fields.map(({ text }) => text).join(' '))));
      for (const { field, text } of fields) {
        const alone = rowsOf(name, await graph.get(list(text)));
        expect([field, alone.map((node) => node[field])]).toEqual([field, all.map((node) => node[field])]);
      }
    },
  );
});

/** A selection of a field with some of its subfields. */
function selectionOf(field: string): string {
  const beneath: Record<string, string> = {
    assignee: '{ name }',
    agent: '{ name }',
    task: '{ title }',
    createdBy: '{ displayName }',
    currentRun: '{ number }',
    recurringTask: '{ name }',
    pipelineRun: '{ status }',
    routing: '{ tier model signals }',
    dependsOn: '{ title }',
    dependents: '{ title }',
    candidates: '{ eligible }',
    dependencyResults: '{ resolution }',
    inputs: '{ resolution }',
    runs: '{ nodes { id } }',
    reviews: '{ nodes { id } }',
    reviewRuns: '{ nodes { id } }',
    comments: '{ nodes { body } }',
    questions: '{ nodes { text } }',
    events: '{ nodes { type } }',
    config: '{ extra }',
    stats: '{ completed }',
    reviewStats: '{ reviews }',
    tasks: '{ nodes { title } }',
    usage: '{ inputTokens }',
  };
  return `${field} ${beneath[field] ?? ''}`;
}

function rowsOf(name: string, data: Answer): Record<string, unknown>[] {
  if (name === 'TaskRun') return data.tasks.nodes.flatMap((task: Answer) => task.runs.nodes);
  if (name === 'ReviewRun') return data.tasks.nodes.flatMap((task: Answer) => task.reviewRuns.nodes);
  return (data.tasks ?? data.agents).nodes;
}
