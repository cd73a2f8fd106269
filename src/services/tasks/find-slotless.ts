import { type Candidate, chooseAgents, type Fleet } from '../../domain/dispatch/choose-agents.js';
import { listPushAgents } from '../../store/dispatch/dispatch.js';
import { listOpenCalls, type OpenCall } from '../../store/dispatch/open-calls.js';
import { gatewayOf } from '../gateways-of-agents.js';
import type { ServiceContext } from '../service-context.js';

type FleetContext = Pick<ServiceContext, 'database' | 'gateways' | 'settings'>;

/**
 * Finds the PUSH agents for which no process has a free slot now, by their ids. Only processes with calls are known: one
 * without calls would take the next task at once. All processes are taken to have the settings of this one.
 */
export async function findSlotless(context: FleetContext): Promise<readonly string[]> {
  const calls = await listOpenCalls(context.database.pool);
  if (calls.length === 0) return [];
  const agents = await listCallable(context);
  const fleet = countByGateway(agents);
  const { concurrency } = context.settings.dispatch;
  const processes = [...groupByProcess(calls).values()];
  const hasSlot = (agent: Candidate) =>
    processes.some((underWay) => {
      const slots = { concurrency, free: concurrency - underWay.length, underWay, fleet };
      return chooseAgents([agent], slots).length > 0;
    });
  return agents.filter((agent) => !hasSlot(agent)).map(({ agentId }) => agentId);
}

/** The PUSH agents whose gateway this process has. */
async function listCallable(context: FleetContext): Promise<Candidate[]> {
  const agents = await listPushAgents(context.database.pool);
  return agents.flatMap(({ id, gateway }) => {
    const gatewayName = gatewayOf(context, gateway)?.name;
    return gatewayName === undefined ? [] : [{ agentId: id, gatewayName }];
  });
}

function countByGateway(agents: readonly Candidate[]): Fleet {
  const fleet = new Map<string, number>();
  for (const { gatewayName } of agents) fleet.set(gatewayName, (fleet.get(gatewayName) ?? 0) + 1);
  return fleet;
}

function groupByProcess(calls: readonly OpenCall[]): Map<string, OpenCall[]> {
  const groups = new Map<string, OpenCall[]>();
  for (const call of calls) groups.set(call.dispatcher, [...(groups.get(call.dispatcher) ?? []), call]);
  return groups;
}
