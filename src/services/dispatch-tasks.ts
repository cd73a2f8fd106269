import { chooseAgents } from '../domain/dispatch-shares.js';
import type { Gateway } from '../gateway/gateway.js';
import { listPushAgents, type PushAgent, releaseDueTasks } from '../store/dispatch.js';
import { inTransaction } from '../store/transaction.js';
import type { GatewayCalls } from './gateway-calls.js';
import type { GatewayReachability } from './gateway-reachability.js';
import { type OpenedDispatch, openDispatch, type RunOwner } from './open-dispatch.js';
import type { ServiceContext } from './service-context.js';

export interface DispatchTurn {
  /** Runs that were opened. */
  readonly handled: number;
  /** In how many milliseconds time releases the next task; infinite if none waits for that. */
  readonly nextInMs: number;
}

export interface DispatchTurnOptions {
  readonly context: Pick<ServiceContext, 'database' | 'settings' | 'gateways' | 'stopping'>;
  readonly owner: RunOwner;
  readonly calls: GatewayCalls;
  readonly reachability: GatewayReachability;
  /** Told of all PUSH agents, before their tasks are looked at. */
  onAgents(agents: readonly PushAgent[]): void;
  /** Makes the call of an opened run. Does not wait for it. */
  begin(opened: OpenedDispatch, gateway: Gateway): void;
}

/** After so many runs a turn ends and the next one goes on, so that a pause or a stop need not wait for a backlog. */
const MAX_OPENED = 50;

/** A candidate with the way to it. */
interface Ready {
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
  let nextInMs = Number.POSITIVE_INFINITY;
  await releaseDueTasks(pool);
  for (;;) {
    const agents = await inTransaction(context.database, listPushAgents);
    options.onAgents(agents);
    nextInMs = Math.min(
      Number.POSITIVE_INFINITY,
      ...agents.map((each) => each.nextInMs ?? Number.POSITIVE_INFINITY),
    );
    const chosen = choose(options, agents, skipped);
    if (chosen.length === 0 || context.stopping()) break;
    if (handled >= MAX_OPENED) {
      nextInMs = 0;
      break;
    }
    for (const ready of chosen) {
      const isOpened = await open(options, ready, failures);
      if (isOpened) handled += 1;
      else skipped.add(ready.agentId);
    }
  }
  if (failures.length > 0)
    throw new AggregateError(failures, `${failures.length} tasks could not be dispatched`);
  return { handled, nextInMs: Math.max(0, nextInMs) };
}

/** Who gets the free slots of those that have work, room, a gateway that can be reached, and had no trouble in this turn. */
function choose(
  { context, calls, reachability }: DispatchTurnOptions,
  agents: readonly PushAgent[],
  skipped: ReadonlySet<string>,
): Ready[] {
  const ready: Ready[] = [];
  const names = new Set<string>();
  for (const each of agents) {
    const gateway = gatewayOf(context, each.gateway);
    if (gateway === null) continue;
    names.add(gateway.name);
    if (!each.hasWork || skipped.has(each.agentId) || !reachability.isReachable(gateway.name)) continue;
    ready.push({ agentId: each.agentId, gatewayName: gateway.name, gateway });
  }
  return chooseAgents(ready, {
    concurrency: context.settings.dispatch.concurrency,
    free: calls.free(),
    underWay: calls.underWay(),
    hasOtherAgents: agents.length > 1,
    hasOtherGateways: names.size > 1,
  });
}

/** The gateway that an agent names, or the server's default; null if this process is not configured for it. */
export function gatewayOf(
  { gateways, settings }: Pick<ServiceContext, 'gateways' | 'settings'>,
  named: string | null,
): Gateway | null {
  return gateways.get(named ?? settings.defaultGateway ?? '') ?? null;
}

async function open(
  { context, owner, begin }: DispatchTurnOptions,
  { agentId, gateway }: Ready,
  failures: Error[],
): Promise<boolean> {
  try {
    const opened = await openDispatch(context, agentId, gateway, owner);
    if (opened === null) return false;
    begin(opened, gateway);
    return true;
  } catch (error) {
    failures.push(new Error(`a task of agent ${agentId}`, { cause: error }));
    return false;
  }
}
