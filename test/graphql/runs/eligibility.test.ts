import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inTransaction } from '../../../src/postgres/transaction.js';
import { openDispatch } from '../../../src/services/dispatch/open-dispatch.js';
import { toPresenceRules } from '../../../src/services/presence-rules.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { listReadyAgents } from '../../../src/store/dispatch/dispatch.js';
import { claimFor, clearTasks } from '../../support/factories/claims.js';
import { aClaimedTask, anAgent, aTask } from '../../support/factories/factory.js';
import { ScriptedGateway } from '../../support/gateways/scripted-gateway.js';
import { type Graph, openGraph } from '../../support/graphql/graph.js';

const OWNER = { dispatcher: 'dsp_test', leaseMs: 60_000 };

const gateway = new ScriptedGateway();
let graph: Graph;
let ada: AgentRow;
let hal: AgentRow;

beforeAll(async () => {
  graph = await openGraph();
  graph.services.gateways.set(gateway.name, gateway);
  ada = await anAgent(graph.services, { name: 'ada' });
  hal = await anAgent(graph.services, { name: 'hal' });
});

afterAll(() => graph.close());

/** Every state of an agent that matters. */
const agentState = fc.record({
  delivery: fc.constantFrom('PULL', 'PUSH'),
  paused: fc.constantFrom(false, false, true),
  acceptsInbox: fc.constantFrom(true, true, false),
  capabilities: fc.constantFrom('{}', '{gpu}', '{gpu,web}'),
  capacity: fc.constantFrom(1, 2),
});

const state = fc.record({
  ada: agentState,
  hal: agentState,
  holder: fc.constantFrom('inbox', 'inbox', 'ada', 'hal'),
  requires: fc.constantFrom([], ['gpu'], ['gpu', 'web']),
  releasedBy: fc.constantFrom('nobody', 'nobody', 'ada', 'both'),
});
type State = typeof state extends fc.Arbitrary<infer Value> ? Value : never;

async function bringInto(given: State): Promise<{ readonly id: string }> {
  const { services } = graph;
  await clearTasks(services);
  await services.sql("UPDATE agents SET paused_at = NULL, capabilities = '{gpu,web}', delivery = 'PULL'");
  await aClaimedTask(services, ada);
  const assignee = { ada: { id: ada.id }, hal: { id: hal.id }, inbox: null }[given.holder];
  const task = await aTask(services, { assignee, requires: given.requires });
  if (given.holder === 'inbox' && given.releasedBy !== 'nobody') {
    const released = given.releasedBy === 'both' ? [ada.id, hal.id].sort() : [ada.id];
    await services.sql('UPDATE tasks SET released_by = $2 WHERE id = $1', [task.id, released]);
  }
  for (const [agent, wished] of [
    [ada, given.ada],
    [hal, given.hal],
  ] as const) {
    await services.sql(
      `UPDATE agents SET delivery = $2, paused_at = CASE WHEN $3 THEN now() END, accepts_inbox = $4,
        capabilities = $5, max_capacity = $6, gateway = 'scripted', last_seen_at = now() WHERE id = $1`,
      [
        ...[agent.id, wished.delivery, wished.paused],
        ...[wished.acceptsInbox, wished.capabilities, wished.capacity],
      ],
    );
  }
  return task;
}

/** Which of the agents can take the task, according to each part of the server that decides it. */
async function look(task: { readonly id: string }) {
  const data = await graph.get(
    `query ($id: ID!) { ada: nextTask(agent: { name: "ada" }) { id } hal: nextTask(agent: { name: "hal" }) { id }
      task(ref: { id: $id }) { waitingOn candidates { agent { name } eligible } } }`,
    { id: task.id },
  );
  const rules = toPresenceRules(graph.services);
  const ready = await inTransaction(graph.services.database, (tx) => listReadyAgents(tx, rules));
  const candidates: { agent: { name: string }; eligible: boolean }[] = data.task.candidates;
  return {
    waitsForClaim: data.task.waitingOn.includes('WAITING_FOR_CLAIM'),
    promised: { ada: data.ada?.id === task.id, hal: data.hal?.id === task.id },
    eligible: Object.fromEntries(candidates.map(({ agent, eligible }) => [agent.name, eligible])),
    ready: new Set(ready.map(({ agentName }) => agentName)),
  };
}

/** Whether the agent gets the task when it asks, or when a task is to be sent to it. */
async function take(agent: AgentRow, { delivery }: State['ada'], task: { readonly id: string }) {
  if (delivery === 'PULL') return (await claimFor(graph.services, agent)).task?.id === task.id;
  return (await openDispatch(graph.services, agent.id, gateway, OWNER))?.run.taskId === task.id;
}

describe('whether an agent can take a task', () => {
  it('is the same to claims, dispatch, nextTask, candidates and waitingOn, for all states of agents and tasks', async () => {
    const check = async (given: State) => {
      const task = await bringInto(given);
      const seen = await look(task);
      expect(seen.promised).toEqual(seen.eligible);
      expect(seen.waitsForClaim).toBe(Object.values(seen.eligible).includes(true));
      for (const [name, { delivery }] of [
        ['ada', given.ada],
        ['hal', given.hal],
      ] as const)
        expect(seen.ready.has(name)).toBe(delivery === 'PUSH' && seen.eligible[name] === true);
      // The agent that can't take the task asks first, and must leave the task to the other one.
      const isAda = seen.eligible.ada !== true;
      const [first, second] = isAda ? ([ada, hal] as const) : ([hal, ada] as const);
      const states = { [ada.id]: given.ada, [hal.id]: given.hal };
      const gotFirst = await take(first, states[first.id]!, task);
      expect(gotFirst).toBe(seen.eligible[first.name]);
      if (!gotFirst) expect(await take(second, states[second.id]!, task)).toBe(seen.eligible[second.name]);
    };
    await fc.assert(fc.asyncProperty(state, check), { numRuns: 120 });
  });
});
