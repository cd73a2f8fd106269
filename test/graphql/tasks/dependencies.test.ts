import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aTask } from '../../support/factories/factory.js';
import { type Graph, openGraph } from '../../support/graphql/graph.js';

let graph: Graph;
beforeAll(async () => {
  graph = await openGraph();
});
afterAll(() => graph.close());

const edit = (name: 'addDependency' | 'removeDependency') =>
  `mutation ($task: String!, $on: String!) {
    ${name}(input: { task: { ref: $task }, dependsOn: { ref: $on } }) {
      task { ref version waitingOn dependsOn { ref } dependencyResults { task { ref } resolution } }
      errors { __typename code path ... on DependencyCycleError { cycle } }
    }
  }`;

describe('addDependency and removeDependency', () => {
  it('answer the changed task with waitingOn', async () => {
    const [task, on] = [await aTask(graph.services), await aTask(graph.services)];
    const refs = { task: `TASK-${task.number}`, on: `TASK-${on.number}` };
    const { addDependency } = await graph.get(edit('addDependency'), refs);
    expect(addDependency).toEqual({
      task: {
        ref: refs.task,
        version: 2,
        waitingOn: ['DEPENDENCIES', 'NO_ASSIGNEE'],
        dependsOn: [{ ref: refs.on }],
        dependencyResults: [{ task: { ref: refs.on }, resolution: null }],
      },
      errors: [],
    });
    const { removeDependency } = await graph.get(edit('removeDependency'), refs);
    expect(removeDependency.task).toMatchObject({ version: 3, waitingOn: ['NO_ASSIGNEE'], dependsOn: [] });
  });

  it('answer the path of a cycle', async () => {
    const [a, b] = [await aTask(graph.services), await aTask(graph.services)];
    const [first, second] = [`TASK-${a.number}`, `TASK-${b.number}`];
    await graph.get(edit('addDependency'), { task: first, on: second });
    const { addDependency } = await graph.get(edit('addDependency'), { task: second, on: first });
    expect(addDependency).toEqual({
      task: null,
      errors: [
        {
          __typename: 'DependencyCycleError',
          code: 'DEPENDENCY_CYCLE',
          path: ['dependsOn'],
          cycle: [second, first, second],
        },
      ],
    });
  });
});
