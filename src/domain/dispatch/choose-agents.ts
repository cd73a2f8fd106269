/** An agent with a task that can be dispatched now. */
export interface Candidate {
  readonly agentId: string;
  readonly gatewayName: string;
}

/** The PUSH agents that might need a slot now or later, counted by gateway. */
export type Fleet = ReadonlyMap<string, number>;

/** The slots for gateway calls in one process. */
export interface Slots {
  /** The maximum number of calls at the same time. */
  readonly concurrency: number;
  /** How many of them are free. */
  readonly free: number;
  /** The agent and gateway of each open call. */
  readonly underWay: readonly Candidate[];
  readonly fleet: Fleet;
}

/**
 * Chooses the agents that get the free slots, one slot each. Agents with the fewest open calls come first, then the
 * given order applies, which is the queue's. One gateway gets at most three quarters of the slots while there are others,
 * and one agent at most three quarters of the slots of its gateway while the gateway has other agents: a slow gateway
 * leaves room for other gateways, and a slow agent leaves room for the agents beside it.
 */
export function chooseAgents<Each extends Candidate>(candidates: readonly Each[], slots: Slots): Each[] {
  const { free, underWay } = slots;
  const callsByAgent = count(underWay.map(({ agentId }) => agentId));
  const callsByGateway = count(underWay.map(({ gatewayName }) => gatewayName));
  const callsOf = ({ agentId }: Candidate) => callsByAgent.get(agentId) ?? 0;
  const chosen: Each[] = [];
  for (const each of [...candidates].sort((a, b) => callsOf(a) - callsOf(b))) {
    const gatewayCalls = callsByGateway.get(each.gatewayName) ?? 0;
    const limits = limitsOf(each.gatewayName, slots);
    if (chosen.length >= free || callsOf(each) >= limits.agent || gatewayCalls >= limits.gateway) continue;
    callsByGateway.set(each.gatewayName, gatewayCalls + 1);
    chosen.push(each);
  }
  return chosen;
}

/** The maximum number of calls of one gateway, and of one of its agents. */
function limitsOf(gatewayName: string, { concurrency, fleet }: Slots) {
  const hasOtherGateways = [...fleet.keys()].some((name) => name !== gatewayName);
  const hasOtherAgents = (fleet.get(gatewayName) ?? 0) > 1;
  // Two slots can't leave room for both a gateway and an agent. The agent's room is also room for other gateways.
  const gateway = hasOtherGateways && concurrency > 2 ? withoutReserve(concurrency) : concurrency;
  const agent = hasOtherAgents || (hasOtherGateways && concurrency <= 2) ? withoutReserve(gateway) : gateway;
  return { gateway, agent };
}

/** The slots without the quarter that stays free for others; a single slot is not divided. */
function withoutReserve(slots: number): number {
  return slots > 1 ? slots - Math.ceil(slots / 4) : slots;
}

function count(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
