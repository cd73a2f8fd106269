import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inTransaction } from '../../../src/postgres/transaction.js';
import { openDispatch } from '../../../src/services/dispatch/open-dispatch.js';
import { toPresenceRules } from '../../../src/services/presence-rules.js';
import { claimNextReview } from '../../../src/services/reviews/claim-next-review.js';
import { openReview } from '../../../src/services/reviews/open-review.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { failTask } from '../../../src/services/runs/fail-task.js';
import { releaseTask } from '../../../src/services/runs/release-task.js';
import { assignTask } from '../../../src/services/tasks/assign-task.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { listReadyAgents } from '../../../src/store/dispatch/dispatch.js';
import { claimFor, clearTasks, neverAborted } from '../../support/factories/claims.js';
import { aClaimedTask, anAgent, aTask, aTaskIn } from '../../support/factories/factory.js';
import { ScriptedGateway } from '../../support/gateways/scripted-gateway.js';
import { type Graph, openGraph } from '../../support/graphql/graph.js';

const OWNER = { dispatcher: 'dsp_test', leaseMs: 60_000 };
/** How an agent comes to hold a task, and what becomes of it. Those of the first line it holds until the end. */
const HELD = ['claimed', 'claimed, and its lease has ended', 'dispatched'] as const;
const ENDED = ['released', 'failed', 'completed', 'cancelled', 'dispatched and given to another'] as const;

type Fate = (typeof HELD | typeof ENDED)[number];

const gateway = new ScriptedGateway();
let graph: Graph;
let aegis: AgentRow;
let worker: AgentRow;

beforeAll(async () => {
  graph = await openGraph();
  graph.services.gateways.set(gateway.name, gateway);
  worker = await anAgent(graph.services, { name: 'worker' });
  aegis = await anAgent(graph.services, {
    name: 'aegis',
    role: 'reviewer',
    delivery: 'PUSH',
    config: { gateway: gateway.name },
  });
});

afterAll(() => graph.close());

function setCapacity(maxCapacity: number): Promise<unknown> {
  return graph.services.sql('UPDATE agents SET max_capacity = $2 WHERE id = $1', [aegis.id, maxCapacity]);
}

const dispatch = () => openDispatch(graph.services, aegis.id, gateway, OWNER);
const sendReview = () =>
  openReview(
    { ...graph.services, dispatcher: 'dsp_test' },
    { begin: () => true, giveBack: () => undefined },
    { isLimited: () => false },
  );

/** The ways to a task, each answering whether there was room for one. */
const WAYS_TO_A_TASK = {
  claim: async () => (await claimFor(graph.services, aegis)).reason === 'ASSIGNED',
  dispatch: async () => (await dispatch()) !== null,
} as const;

/** Begins a run for each fate, and lets those that end come to their end. */
async function bringAbout(fates: readonly Fate[]): Promise<void> {
  const ends: (() => Promise<unknown>)[] = [];
  for (const fate of fates) ends.push(await begin(fate));
  for (const end of ends) await end();
}

async function begin(fate: Fate): Promise<() => Promise<unknown>> {
  const { services } = graph;
  const { admin } = services;
  if (fate.startsWith('dispatched')) {
    const task = await aTask(services, { assignee: { id: aegis.id } });
    expect(await dispatch()).not.toBeNull();
    const given = { task: { id: task.id }, assignee: { id: worker.id } };
    return async () => fate !== 'dispatched' && (await assignTask(services, admin, given));
  }
  const { task, runId } = await aClaimedTask(services, aegis);
  const endLease = "UPDATE task_runs SET lease_expires_at = now() - interval '1 s' WHERE id = $1";
  const ends: Partial<Record<Fate, () => Promise<unknown>>> = {
    'claimed, and its lease has ended': () => services.sql(endLease, [runId]),
    released: () => releaseTask(services, admin, { runId }),
    failed: () => failTask(services, admin, { runId, error: 'broken', retry: false }),
    completed: () => completeTask(services, admin, { runId, resolution: 'done' }),
    cancelled: () => cancelTask(services, admin, { task: { id: task.id } }),
  };
  return ends[fate] ?? (async () => undefined);
}

/** What the graph and the job say without changing anything. */
async function look(task: { readonly id: string }) {
  const data = await graph.get(
    `query ($id: ID!) { nextTask(agent: { name: "aegis" }) { id } agent(ref: { name: "aegis" }) { activeTaskCount }
      overview { capacityInUse } task(ref: { id: $id }) { status waitingOn } }`,
    { id: task.id },
  );
  const ready = await inTransaction(graph.services.database, (tx) =>
    listReadyAgents(tx, toPresenceRules(graph.services)),
  );
  return {
    hasNext: data.nextTask !== null,
    isReady: ready.some(({ agentId }) => agentId === aegis.id),
    isHeldUp: data.task.waitingOn.includes('ASSIGNEE_AT_CAPACITY'),
    active: data.agent.activeTaskCount,
    inUse: data.overview.capacityInUse,
  };
}

interface State {
  readonly capacity: number;
  readonly fates: readonly Fate[];
  /** Reviews that were sent to it. */
  readonly reviews: number;
  readonly heldByOthers: number;
}

async function times(count: number, work: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < count; i += 1) await work();
}

/** The state, with more tasks assigned than the agent has room for and one more in REVIEW; answers one of the tasks. */
async function bringInto({
  capacity,
  fates,
  reviews,
  heldByOthers,
}: State): Promise<{ readonly id: string }> {
  const { services } = graph;
  await clearTasks(services);
  await setCapacity(100);
  await bringAbout(fates);
  await times(heldByOthers, () => aClaimedTask(services, worker));
  await times(reviews + 1, () => aTaskIn(services, 'REVIEW', worker));
  await times(reviews, async () => expect(await sendReview()).not.toBeNull());
  await times(3, () => aTask(services, { assignee: { id: aegis.id }, priority: 'LOW' }));
  const last = await aTask(services, { assignee: { id: aegis.id }, priority: 'LOW' });
  await setCapacity(capacity);
  return last;
}

describe('the capacity of an agent', () => {
  const state = fc.record({
    capacity: fc.integer({ min: 1, max: 3 }),
    fates: fc.array(fc.constantFrom<Fate>(...HELD, ...ENDED), { maxLength: 4 }),
    reviews: fc.integer({ min: 0, max: 3 }),
    heldByOthers: fc.integer({ min: 0, max: 1 }),
  });
  const countHeld = (fates: readonly Fate[]) =>
    fates.filter((fate) => (HELD as readonly Fate[]).includes(fate)).length;

  it.each(['claim', 'dispatch'] as const)(
    'is one number to a %s, nextTask, waitingOn and overview, for any tasks and reviews of the agent',
    async (way) => {
      const check = async (given: State) => {
        const last = await bringInto(given);
        let held = countHeld(given.fates);
        for (let hasRoom = true; hasRoom; held += 1) {
          hasRoom = held < given.capacity;
          expect(await look(last)).toEqual({
            ...{ hasNext: hasRoom, isReady: hasRoom, isHeldUp: !hasRoom },
            ...{ active: held, inUse: held + given.heldByOthers },
          });
          expect(await WAYS_TO_A_TASK[way]()).toBe(hasRoom);
        }
        for (const take of Object.values(WAYS_TO_A_TASK)) expect(await take()).toBe(false);
      };
      await fc.assert(fc.asyncProperty(state, check), { numRuns: 10 });
    },
  );

  const askForReview = () =>
    claimNextReview(graph.services, graph.services.admin, { agent: { id: aegis.id } }, neverAborted);

  it.each([
    ['sent', async () => (await sendReview()) !== null],
    ['claimed', async () => (await askForReview()).task !== null],
  ] as const)('counts reviews apart from tasks before one more is %s', async (_how, take) => {
    const check = async (given: State) => {
      await bringInto(given);
      expect(await take()).toBe(given.reviews < given.capacity);
    };
    await fc.assert(fc.asyncProperty(state, check), { numRuns: 10 });
  });
});
