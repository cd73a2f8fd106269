import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aKeyOf, anAgent, aTask } from '../../support/factories/factory.js';
import { type Graph, openGraph } from '../../support/graphql/graph.js';

let graph: Graph;
beforeAll(async () => {
  graph = await openGraph();
});
afterAll(() => graph.close());

const ROUTE = '{ tier model signals }';

describe('classifyTask', () => {
  it('answers the model for a text, and the reason', async () => {
    const { classifyTask } = await graph.get(
      `{ classifyTask(title: "Debugging", description: "of two migrations") ${ROUTE} }`,
    );
    expect(classifyTask).toEqual({ tier: 'COMPLEX', model: 'opus', signals: ['debug', 'migration'] });
  });

  it('considers the default model of the agent', async () => {
    await anAgent(graph.services, { name: 'own', config: { dispatchModel: '9router/cc/claude-opus-4-6' } });
    const { classifyTask } = await graph.get(
      `{ classifyTask(title: "Ping", priority: LOW, agent: { name: "own" }) ${ROUTE} }`,
    );
    expect(classifyTask).toEqual({ tier: 'OVERRIDE', model: '9router/cc/claude-opus-4-6', signals: [] });
  });

  it('refuses an unknown agent', async () => {
    const { errors } = await graph.ask(`{ classifyTask(title: "Ping", agent: { name: "nobody" }) ${ROUTE} }`);
    expect(errors?.[0]?.extensions?.code).toBe('BAD_USER_INPUT');
  });
});

describe('Task.routing', () => {
  it('is the model that dispatch would choose for its assignee', async () => {
    const agent = await anAgent(graph.services, { config: { defaultModel: 'sonnet' } });
    const task = await aTask(graph.services, { title: 'Write', assignee: { id: agent.id } });
    const routed = await graph.get(`query ($id: ID!) { task(ref: { id: $id }) { routing ${ROUTE} } }`, {
      id: task.id,
    });
    expect(routed.task.routing).toEqual({ tier: 'DEFAULT', model: 'sonnet', signals: [] });
  });

  it("hides the model in an agent's config from the key of another agent", async () => {
    const secretive = await anAgent(graph.services, { config: { dispatchModel: 'secret' } });
    const other = await anAgent(graph.services);
    const viewer = await aKeyOf(graph.services, other);
    const { data } = await graph.ask(
      `query ($id: ID!) { classifyTask(title: "Ping", agent: { id: $id }) ${ROUTE} }`,
      { id: secretive.id },
      viewer,
    );
    expect(data?.classifyTask).toEqual({ tier: 'OVERRIDE', model: null, signals: [] });
  });

  it('costs one statement for a list of any length', async () => {
    const list = `{ tasks { nodes { title routing ${ROUTE} } } }`;
    expect(await graph.recordStatements(() => graph.get(list))).toHaveLength(2);
  });
});
