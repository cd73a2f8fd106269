/** An agent with a task that could be dispatched now. */
export interface Candidate {
  readonly agentId: string;
  readonly gatewayName: string;
}

export interface Slots {
  /** Calls at a time in this process. */
  readonly concurrency: number;
  /** Of these, how many are free. */
  readonly free: number;
  readonly underWay: readonly Candidate[];
  /** Whether there are other agents, and agents of other gateways, that might need a slot later. */
  readonly hasOtherAgents: boolean;
  readonly hasOtherGateways: boolean;
}

/**
 * Who gets the free slots: one each, first those with the fewest calls under way, else in the order given, which is the
 * queue's. An agent, and a gateway, leaves a quarter of the slots to others as long as there are others, so that whoever
 * is stuck delays nobody else.
 */
export function chooseAgents<Each extends Candidate>(candidates: readonly Each[], slots: Slots): Each[] {
  const { concurrency, free, underWay } = slots;
  const reserve = concurrency > 1 ? Math.ceil(concurrency / 4) : 0;
  const ofAgents = count(underWay.map(({ agentId }) => agentId));
  const ofGateways = count(underWay.map(({ gatewayName }) => gatewayName));
  const agentLimit = slots.hasOtherAgents ? concurrency - reserve : concurrency;
  const gatewayLimit = slots.hasOtherGateways ? concurrency - reserve : concurrency;
  const held = ({ agentId }: Candidate) => ofAgents.get(agentId) ?? 0;
  const chosen: Each[] = [];
  for (const each of [...candidates].sort((a, b) => held(a) - held(b))) {
    const gatewayHolds = ofGateways.get(each.gatewayName) ?? 0;
    if (chosen.length >= free || held(each) >= agentLimit || gatewayHolds >= gatewayLimit) continue;
    ofGateways.set(each.gatewayName, gatewayHolds + 1);
    chosen.push(each);
  }
  return chosen;
}

function count(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
