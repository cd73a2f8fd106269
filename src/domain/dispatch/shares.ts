/** An agent with a task that can be dispatched now. */
export interface Candidate {
  readonly agentId: string;
  readonly gatewayName: string;
}

/** The slots for gateway calls in this process. */
export interface Slots {
  /** The most calls at the same time. */
  readonly concurrency: number;
  /** How many of them are free. */
  readonly free: number;
  /** The agent and gateway of each open call. */
  readonly underWay: readonly Candidate[];
  /** Whether there are other agents, and agents of other gateways, that might need a slot later. */
  readonly hasOtherAgents: boolean;
  readonly hasOtherGateways: boolean;
}

/**
 * Chooses the agents that get the free slots, one slot each. Agents with the fewest open calls come first, then the
 * given order applies, which is the queue's. One agent or one gateway gets at most three quarters of the slots while
 * there are others, so that a slow one does not block them.
 */
export function chooseAgents<Each extends Candidate>(candidates: readonly Each[], slots: Slots): Each[] {
  const { concurrency, free, underWay } = slots;
  const reserve = concurrency > 1 ? Math.ceil(concurrency / 4) : 0;
  const callsByAgent = count(underWay.map(({ agentId }) => agentId));
  const callsByGateway = count(underWay.map(({ gatewayName }) => gatewayName));
  const agentLimit = slots.hasOtherAgents ? concurrency - reserve : concurrency;
  const gatewayLimit = slots.hasOtherGateways ? concurrency - reserve : concurrency;
  const callsOf = ({ agentId }: Candidate) => callsByAgent.get(agentId) ?? 0;
  const chosen: Each[] = [];
  for (const each of [...candidates].sort((a, b) => callsOf(a) - callsOf(b))) {
    const gatewayCalls = callsByGateway.get(each.gatewayName) ?? 0;
    if (chosen.length >= free || callsOf(each) >= agentLimit || gatewayCalls >= gatewayLimit) continue;
    callsByGateway.set(each.gatewayName, gatewayCalls + 1);
    chosen.push(each);
  }
  return chosen;
}

function count(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
