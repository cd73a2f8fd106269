import { chooseAgents } from '../../domain/dispatch/shares.js';
import type { Gateway } from '../../gateway/gateway.js';
import { inTransaction } from '../../postgres/transaction.js';
import {
  countPushAgents,
  findNextDueMs,
  listReadyAgents,
  type ReadyAgent,
  releaseDueTasks,
} from '../../store/dispatch/dispatch.js';
import type { ServiceContext } from '../service-context.js';
import type { GatewayReachability } from './gateway-reachability.js';
import { openDispatch, type RunOwner } from './open-dispatch.js';
import type { RunCalls } from './run-calls.js';

export interface DispatchTurn {
  /** Runs that were opened. */
  readonly handled: number;
  /** In how many milliseconds time releases the next task; infinite if none waits for that. */
  readonly nextInMs: number;
}

export interface DispatchTurnOptions {
  readonly context: Pick<ServiceContext, 'database' | 'settings' | 'gateways' | 'stopping'>;
  readonly owner: RunOwner;
  readonly calls: RunCalls;
  readonly reachability: GatewayReachability;
  /** Told of those that have work and room, whether they can be reached or not. */
  onReady(agents: readonly ReadyAgent[]): void;
}

/** After so many runs a turn ends and the next one goes on, so that a pause or a stop need not wait for a backlog. */
const MAX_OPENED = 50;

/** A candidate with the way to it. */
interface Reachable {
  readonly agentId: string;
  readonly gatewayName: string;
  readonly gateway: Gateway;
}

/**
 * One turn: passes over the agents that have work and room, one task for each agent in a pass, until the slots are full or
 * nothing is left. An agent whose task can't be opened holds no other up and is reported when all have had their turn.
 */
export async function dispatchTasks(options: DispatchTurnOptions): Promise<DispatchTurn> {
  const { context } = options;
  const { pool } = context.database;
  const failures: Error[] = [];
  const skipped = new Set<string>();
  let handled = 0;
  await releaseDueTasks(pool);
  for (;;) {
    const agents = await inTransaction(context.database, listReadyAgents);
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

/** Who gets the free slots of those that have work, room, a gateway that can be reached, and had no trouble in this turn. */
async function choose(
  { context, calls, reachability }: DispatchTurnOptions,
  agents: readonly ReadyAgent[],
  skipped: ReadonlySet<string>,
): Promise<Reachable[]> {
  const reachable: Reachable[] = [];
  for (const { agentId, gateway: named } of agents) {
    const gateway = gatewayOf(context, named);
    if (gateway === null || skipped.has(agentId) || !reachability.isReachable(gateway.name)) continue;
    reachable.push({ agentId, gatewayName: gateway.name, gateway });
  }
  if (reachable.length === 0 || calls.free() === 0) return [];
  return chooseAgents(reachable, {
    concurrency: context.settings.dispatch.concurrency,
    free: calls.free(),
    underWay: calls.underWay(),
    ...(await describeFleet(context)),
  });
}

/** Whether there are others that might need a slot later, with work now or without. */
async function describeFleet(context: DispatchTurnOptions['context']) {
  const counts = await countPushAgents(context.database.pool);
  const gateways = counts.flatMap(({ gateway }) => gatewayOf(context, gateway)?.name ?? []);
  return {
    hasOtherAgents: counts.reduce((sum, { agents }) => sum + agents, 0) > 1,
    hasOtherGateways: new Set(gateways).size > 1,
  };
}

/** The gateway that an agent names, or the server's default; null if this process is not configured for it. */
export function gatewayOf(
  { gateways, settings }: Pick<ServiceContext, 'gateways' | 'settings'>,
  named: string | null,
): Gateway | null {
  return gateways.get(named ?? settings.defaultGateway ?? '') ?? null;
}

async function open(
  { context, owner, calls }: DispatchTurnOptions,
  { agentId, gateway }: Reachable,
  failures: Error[],
): Promise<boolean> {
  try {
    const opened = await openDispatch(context, agentId, gateway, owner);
    if (opened === null) return false;
    calls.send(opened.run, opened.agent, gateway);
    return true;
  } catch (error) {
    failures.push(new Error(`a task of agent ${agentId}`, { cause: error }));
    return false;
  }
}
