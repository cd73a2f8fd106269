import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { aKeyOf, anAgent } from '../../support/factories/factory.js';
import { workOn } from '../../support/factories/pipelines.js';
import { type Graph, openGraph } from '../../support/graphql/graph.js';
import { untilLogIsReadable } from '../../support/postgres/readable-log.js';

const STEPS = [
  {
    key: 'research',
    template: { title: 'Research {{topic}}', assignee: { name: 'iris' }, reviewPolicy: 'SKIP' },
  },
  {
    key: 'implement',
    dependsOn: ['research'],
    template: {
      title: 'Implement {{topic}}',
      assignee: { name: 'scout' },
      dueIn: 'P1D',
      reviewPolicy: 'SKIP',
    },
  },
];
const CREATE = `mutation ($steps: [PipelineStepInput!]!) {
  createPipeline(input: { name: "handoff", steps: $steps }) {
    pipeline {
      id name version variables
      steps { key dependsOn onDependencyFailure template { title priority assignee { name } dueIn reviewPolicy } }
    }
    errors { code path ... on DependencyCycleError { cycle } }
  }
}`;
const START = `mutation ($variables: JSONObject) {
  startPipeline(input: { name: "handoff", variables: $variables }) {
    pipelineRun {
      id status progress variables pipelineVersion pipeline { name }
      tasks { ref title status waitingOn pipelineStep pipelineRun { id } dependsOn { title } }
    }
    errors { code message path }
  }
}`;

let graph: Graph;
let pipelineId: string;
let run: { id: string; tasks: { ref: string }[] };
let iris: Viewer;
let stranger: Viewer;

beforeAll(async () => {
  graph = await openGraph();
  const { services } = graph;
  iris = await aKeyOf(services, await anAgent(services, { name: 'iris' }));
  await anAgent(services, { name: 'scout' });
  stranger = await aKeyOf(services, await anAgent(services, { name: 'stranger' }));
});
afterAll(() => graph.close());

describe('the mutations of pipelines', () => {
  it('save, refuse, start and read a pipeline', async () => {
    const { createPipeline } = await graph.get(CREATE, { steps: STEPS });
    expect(createPipeline.errors).toEqual([]);
    expect(createPipeline.pipeline).toMatchObject({
      name: 'handoff',
      version: 1,
      variables: ['topic'],
      steps: [
        { key: 'research', dependsOn: [], template: { title: 'Research {{topic}}', dueIn: null } },
        {
          key: 'implement',
          dependsOn: ['research'],
          onDependencyFailure: 'BLOCK',
          template: { priority: 'MEDIUM', assignee: { name: 'scout' }, dueIn: 'P1D', reviewPolicy: 'SKIP' },
        },
      ],
    });
    pipelineId = createPipeline.pipeline.id;
    const again = await graph.get(CREATE, { steps: STEPS });
    expect(again.createPipeline).toEqual({
      pipeline: null,
      errors: [{ code: 'ALREADY_EXISTS', path: ['name'] }],
    });
    const cyclic = [{ ...STEPS[0], dependsOn: ['implement'] }, STEPS[1]];
    expect((await graph.get(CREATE, { steps: cyclic })).createPipeline.errors).toEqual([
      {
        code: 'DEPENDENCY_CYCLE',
        path: ['steps', '0', 'dependsOn'],
        cycle: ['research', 'implement', 'research'],
      },
    ]);
  });

  it('start all tasks with their variables filled in', async () => {
    const refused = await graph.get(START, {});
    expect(refused.startPipeline.errors).toEqual([
      { code: 'INVALID', message: 'Variables are missing: topic.', path: ['variables'] },
    ]);
    const { startPipeline } = await graph.get(START, { variables: { topic: 'caching' } });
    run = startPipeline.pipelineRun;
    expect(run).toMatchObject({
      status: 'RUNNING',
      progress: 0,
      variables: { topic: 'caching' },
      pipelineVersion: 1,
      pipeline: { name: 'handoff' },
      tasks: [
        {
          title: 'Research caching',
          waitingOn: ['WAITING_FOR_CLAIM'],
          pipelineStep: 'research',
          dependsOn: [],
        },
        {
          title: 'Implement caching',
          status: 'ASSIGNED',
          waitingOn: ['DEPENDENCIES'],
          pipelineRun: { id: run.id },
          dependsOn: [{ title: 'Research caching' }],
        },
      ],
    });
  });

  it('are allowed to operators, and a start to agents as well', async () => {
    const { errors } = await graph.ask(CREATE, { steps: STEPS }, iris);
    expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    const { startPipeline } = await graph.get(START, { variables: { topic: 'x' } }, iris);
    expect(startPipeline.pipelineRun.tasks).toHaveLength(2);
    const cancel =
      'mutation ($id: ID!) { cancelPipelineRun(id: $id) { pipelineRun { status progress finishedAt } errors { code } } }';
    const { errors: forbidden } = await graph.ask(cancel, { id: startPipeline.pipelineRun.id }, iris);
    expect(forbidden?.[0]?.extensions.code).toBe('FORBIDDEN');
    const { cancelPipelineRun } = await graph.get(cancel, { id: startPipeline.pipelineRun.id });
    expect(cancelPipelineRun).toEqual({
      pipelineRun: { status: 'CANCELLED', progress: 1, finishedAt: expect.any(String) },
      errors: [],
    });
  });

  it('replace the steps of an existing pipeline', async () => {
    const { updatePipeline } = await graph.get(
      'mutation ($steps: [PipelineStepInput!]!) { updatePipeline(input: { name: "handoff", steps: $steps }) { pipeline { version } errors { code } } }',
      { steps: STEPS },
    );
    expect(updatePipeline).toEqual({ pipeline: { version: 1 }, errors: [] });
  });
});

describe('removePipeline', () => {
  it('is allowed to operators, and removes it from the list; its runs and events still name it', async () => {
    await graph.get(CREATE.replace('handoff', 'old'), { steps: STEPS });
    const { startPipeline } = await graph.get(START.replace('handoff', 'old'), { variables: { topic: 'x' } });
    const remove = 'mutation { removePipeline(name: "old") { deletedId errors { code path } } }';
    expect((await graph.ask(remove, {}, iris)).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    const { removePipeline } = await graph.get(remove);
    expect(removePipeline).toEqual({ deletedId: expect.stringMatching(/^pip_/), errors: [] });
    expect((await graph.get(remove)).removePipeline).toEqual({
      deletedId: null,
      errors: [{ code: 'NOT_FOUND', path: ['name'] }],
    });
    const { pipeline, pipelines, pipelineRun, node } = await graph.get(
      `query ($run: ID!, $id: ID!) {
        pipeline(name: "old") { id }
        pipelines { nodes { name removedAt } }
        pipelineRun(id: $run) { status pipeline { id name removedAt steps { key } } }
        node(id: $id) { ... on Pipeline { name } }
      }`,
      { run: startPipeline.pipelineRun.id, id: removePipeline.deletedId },
    );
    expect(pipeline).toBeNull();
    expect(pipelines.nodes).toEqual([{ name: 'handoff', removedAt: null }]);
    expect(pipelineRun).toEqual({
      status: 'RUNNING',
      pipeline: {
        id: removePipeline.deletedId,
        name: 'old',
        removedAt: expect.any(String),
        steps: [{ key: 'research' }, { key: 'implement' }],
      },
    });
    expect(node).toEqual({ name: 'old' });
  });
});

describe('a run of a pipeline', () => {
  it('is found by its id, through its pipeline, and through its tasks', async () => {
    const { pipelineRun, node, pipelines, pipeline, tasks } = await graph.get(
      `query ($id: ID!, $pipeline: ID!) {
        pipelineRun(id: $id) { id }
        node(id: $id) { __typename id }
        nodes(ids: [$pipeline, $id, "plr_none"]) { __typename }
        pipelines { totalCount nodes { name runs { totalCount nodes { id status } } } }
        pipeline(name: "handoff") { id }
        tasks(filter: { pipelineRunId: $id }) { nodes { pipelineStep } }
      }`,
      { id: run.id, pipeline: pipelineId },
    );
    expect(pipelineRun).toEqual({ id: run.id });
    expect(node).toEqual({ __typename: 'PipelineRun', id: run.id });
    expect(pipeline).toEqual({ id: pipelineId });
    expect(pipelines).toMatchObject({ totalCount: 1, nodes: [{ name: 'handoff', runs: { totalCount: 2 } }] });
    expect(pipelines.nodes[0].runs.nodes.map(({ status }: { status: string }) => status)).toEqual([
      'CANCELLED',
      'RUNNING',
    ]);
    expect(tasks.nodes).toEqual([{ pipelineStep: 'implement' }, { pipelineStep: 'research' }]);
  });

  it('is visible to agents that see a task of it, and so are its tasks', async () => {
    const query = `query ($id: ID!) {
      pipelineRun(id: $id) { tasks { pipelineStep } }
      pipeline(name: "handoff") { runs { nodes { id } } }
    }`;
    const seen = await graph.get(query, { id: run.id }, iris);
    expect(seen.pipelineRun.tasks).toEqual([{ pipelineStep: 'research' }]);
    expect(seen.pipeline.runs.nodes).toHaveLength(2);
    expect(await graph.get(query, { id: run.id }, stranger)).toEqual({
      pipelineRun: null,
      pipeline: { runs: { nodes: [] } },
    });
  });

  it('passes on the result of the first task, and has its own events', async () => {
    const { services } = graph;
    for (const name of ['iris', 'scout']) await workOn(services, await anAgent(services, { name }));
    await untilLogIsReadable(services.database.pool);
    const { pipelineRun, task, events } = await graph.get(
      `query ($id: ID!, $ref: String!) {
        pipelineRun(id: $id) { status progress }
        task(ref: { ref: $ref }) { dependencyResults { task { pipelineStep } resolution } }
        events(first: 100, filter: { pipelineRunId: $id, types: ["pipeline", "task.completed", "task.unblocked"] }) {
          nodes {
            type
            ... on TaskEvent { task { pipelineStep } }
            ... on PipelineEvent { pipeline { name } pipelineRun { status } from to }
          }
        }
      }`,
      { id: run.id, ref: run.tasks[1]?.ref },
    );
    expect(pipelineRun).toEqual({ status: 'SUCCEEDED', progress: 1 });
    expect(task.dependencyResults).toEqual([
      { task: { pipelineStep: 'research' }, resolution: 'Research caching done' },
    ]);
    const finished = {
      pipeline: null,
      pipelineRun: { status: 'SUCCEEDED' },
      from: 'RUNNING',
      to: 'SUCCEEDED',
    };
    expect(events.nodes).toEqual([
      {
        type: 'pipeline.started',
        pipeline: { name: 'handoff' },
        pipelineRun: { status: 'SUCCEEDED' },
        from: null,
        to: null,
      },
      { type: 'task.completed', task: { pipelineStep: 'research' } },
      { type: 'task.unblocked', task: { pipelineStep: 'implement' } },
      { type: 'task.completed', task: { pipelineStep: 'implement' } },
      { type: 'pipeline.finished', ...finished },
    ]);
  });

  it('can be subscribed to only by keys that may see it', async () => {
    const { errors } = await graph.ask(
      'query ($id: ID!) { events(filter: { pipelineRunId: $id }) { nodes { type } } }',
      { id: run.id },
      stranger,
    );
    expect(errors?.[0]?.message).toContain('There is no pipeline run');
  });
});
