import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { OPERATION_BUDGET } from '../../../src/graphql/base/operation-budget.js';
import { createTasks } from '../../../src/services/tasks/create-task.js';
import { claimFor } from '../../support/factories/claims.js';
import { anAgent } from '../../support/factories/factory.js';
import { aPipelineRun, step } from '../../support/factories/pipelines.js';
import { type Graph, openGraph } from '../../support/graphql/graph.js';

let graph: Graph;
const budget = { ...OPERATION_BUDGET };

beforeAll(async () => {
  graph = await openGraph();
  // Ten layers of ten tasks. Each task depends on all tasks of the layer before.
  const keysOf = (layer: number) => Array.from({ length: 10 }, (_, index) => `${layer}-${index}`);
  const layers = Array.from({ length: 10 }, (_, layer) => layer);
  await createTasks(
    graph.services,
    graph.services.admin,
    layers.flatMap((layer) =>
      keysOf(layer).map((key) => ({
        title: key,
        key,
        description: 'x'.repeat(1_000),
        dependsOnKeys: layer === 0 ? [] : keysOf(layer - 1),
      })),
    ),
  );
});

afterEach(() => {
  Object.assign(OPERATION_BUDGET, budget);
});

afterAll(() => graph.close());

const nested = (depth: number, selection: string) =>
  `{ tasks(first: 100) { nodes { ${'dependsOn { '.repeat(depth)} ${selection} ${'} '.repeat(depth)} } } }`;

async function refusalOf(query: string) {
  const { errors } = await graph.ask(query);
  return { code: errors?.[0]?.extensions.code, message: errors?.[0]?.message };
}

function stoppedBecauseIt(reason: string) {
  const message = expect.stringMatching(new RegExp(`^The operation was stopped, because it ${reason}`));
  return { code: 'QUERY_TOO_COMPLEX', message };
}

describe('a running operation', () => {
  it('answers what fits its budget', async () => {
    const { tasks } = await graph.get(nested(1, 'title description'));
    const [last] = tasks.nodes;
    expect(last.dependsOn.map(({ title }: { title: string }) => title)).toEqual(
      Array.from({ length: 10 }, (_, index) => `8-${index}`),
    );
    expect(last.dependsOn[0].description).toHaveLength(1_000);
  });

  it('is stopped when its lists have too many objects', async () => {
    OPERATION_BUDGET.objects = 1_000;
    expect(await refusalOf(nested(1, 'id'))).toEqual({ code: undefined, message: undefined });
    OPERATION_BUDGET.objects = 999;
    expect(await refusalOf(nested(1, 'id'))).toEqual(stoppedBecauseIt('lists more than 999 objects'));
  });

  it('is stopped when it loads too much text, and loads each long text once', async () => {
    OPERATION_BUDGET.textLength = 200_000;
    expect(await refusalOf(nested(1, 'description'))).toEqual({ code: undefined, message: undefined });
    OPERATION_BUDGET.textLength = 50_000;
    expect(await refusalOf(nested(1, 'description'))).toEqual(
      stoppedBecauseIt('loads more than 50000 characters'),
    );
  });

  it('is stopped when it takes too long', async () => {
    OPERATION_BUDGET.durationMs = -1;
    expect((await refusalOf('{ tasks { nodes { id } } }')).message).toContain('seconds');
  });

  it('is stopped when a pipeline run and its tasks refer to each other', async () => {
    const steps = Array.from({ length: 25 }, (_, index) => step(`s${index}`));
    const { id } = await aPipelineRun(graph.services, steps);
    OPERATION_BUDGET.objects = 20_000;
    const query = `{ node(id: "${id}") { ... on PipelineRun { ${'tasks { pipelineRun { '.repeat(2)} id ${'} } '.repeat(2)} } } }`;
    expect(await refusalOf(query)).toEqual({ code: undefined, message: undefined });
    OPERATION_BUDGET.objects = 600;
    expect((await refusalOf(query)).code).toBe('QUERY_TOO_COMPLEX');
  });

  it('has no limited time if it is a mutation, which may wait', async () => {
    OPERATION_BUDGET.durationMs = -1;
    const agent = await anAgent(graph.services, { name: 'patient' });
    const { task } = await claimFor(graph.services, agent);
    const complete = `mutation { cancelTask(input: { task: { id: "${task?.id}" } }) { task { dependents { id } } errors { message } } }`;
    const { cancelTask } = await graph.get(complete);
    expect(cancelTask.task.dependents).toHaveLength(10);
  });
});
