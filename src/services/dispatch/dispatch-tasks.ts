import { chooseAgents } from '../../domain/dispatch/choose-agents.js';
import type { Gateway } from '../../gateway/gateway.js';
import { systemClock } from '../../kernel/clock.js';
import { inTransaction } from '../../postgres/transaction.js';
import {
  findNextDueMs,
  listReadyAgents,
  type ReadyAgent,
  releaseDueTasks,
} from '../../store/dispatch/dispatch.js';
import { gatewayOf, readFleet } from '../gateways-of-agents.js';
import { toPresenceRules } from '../presence-rules.js';
import type { ServiceContext } from '../service-context.js';
import type { GatewayReachability } from './gateway-reachability.js';
import { openDispatch, type RunOwner } from './open-dispatch.js';
import type { RunCalls } from './run-calls.js';

export interface DispatchJobRun {
  /** The number of opened runs. */
  readonly handled: number;
  /** Milliseconds until the next task becomes eligible by time; infinite if there is none. */
  readonly nextInMs: number;
}

export interface DispatchTurnOptions {
  readonly context: Pick<ServiceContext, 'database' | 'settings' | 'gateways' | 'stopping'>;
  readonly owner: RunOwner;
  readonly calls: RunCalls;
  readonly reachability: GatewayReachability;
  /** Called with the agents that have work and free capacity, including unreachable ones. */
  onReady(agents: readonly ReadyAgent[]): void;
}

/** The maximum number of runs that one job run opens, so that a pause or a stop need not wait for a backlog. */
const MAX_OPENED = 50;

/** An agent with its reachable gateway. */
interface Reachable {
  readonly agentId: string;
  readonly gatewayName: string;
  readonly gateway: Gateway;
}

/**
 * One job run: opens one task per agent with work and free capacity, and repeats this until the slots are full or no work is
 * left. A failure for one agent does not delay the others; failures are thrown together at the end.
 */
export async function dispatchTasks(options: DispatchTurnOptions): Promise<DispatchJobRun> {
  const { context } = options;
  const { pool } = context.database;
  const failures: Error[] = [];
  const skipped = new Set<string>();
  let handled = 0;
  await releaseDueTasks(pool);
  for (;;) {
    const agents = await inTransaction(context.database, (tx) =>
      listReadyAgents(tx, toPresenceRules(context)),
    );
    options.onReady(agents);
    const chosen = await choose(options, agents, skipped);
    if (chosen.length === 0 || context.stopping()) break;
    if (handled >= MAX_OPENED) return { handled, nextInMs: 0 };
    for (const reachable of chosen) {
      const isOpened = await open(options, reachable, failures);
      if (isOpened) handled += 1;
      else skipped.add(reachable.agentId);
    }
  }
  if (failures.length > 0)
    throw new AggregateError(failures, `${failures.length} tasks could not be dispatched`);
  return { handled, nextInMs: (await findNextDueMs(pool)) ?? Number.POSITIVE_INFINITY };
}

/** Distributes the free slots among the agents with a reachable gateway and no failure in this job run. */
async function choose(
  { context, calls, reachability }: DispatchTurnOptions,
  agents: readonly ReadyAgent[],
  skipped: ReadonlySet<string>,
): Promise<Reachable[]> {
  const reachable: Reachable[] = [];
  for (const { agentId, gateway: named } of agents) {
    const gateway = gatewayOf(context, named);
    if (gateway === null || skipped.has(agentId) || calls.isLimited(agentId)) continue;
    if (!reachability.isReachable(gateway.name)) continue;
    reachable.push({ agentId, gatewayName: gateway.name, gateway });
  }
  if (reachable.length === 0 || calls.free() === 0) return [];
  return chooseAgents(reachable, {
    concurrency: context.settings.dispatch.concurrency,
    free: calls.free(),
    underWay: calls.underWay(),
    fleet: await readFleet(context),
  });
}

async function open(
  { context, owner, calls, reachability }: DispatchTurnOptions,
  { agentId, gateway }: Reachable,
  failures: Error[],
): Promise<boolean> {
  // A gateway that was broken gets one call at a time, of all agents together.
  if (!reachability.begin(gateway.name)) return false;
  try {
    const leasedAtMs = systemClock.now();
    const opened = await openDispatch(context, agentId, gateway, owner);
    if (opened !== null) {
      const { run, agent, task } = opened;
      calls.send({ run, leasedAtMs }, agent, gateway, { task, facts: { attempt: run.number } });
      return true;
    }
  } catch (error) {
    failures.push(new Error(`a task of agent ${agentId}`, { cause: error }));
  }
  reachability.giveBack(gateway.name);
  return false;
}
