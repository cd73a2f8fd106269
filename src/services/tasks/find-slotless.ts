import { type Candidate, chooseAgents } from '../../domain/dispatch/choose-agents.js';
import { listOpenCalls, type OpenCall } from '../../store/dispatch/open-calls.js';
import { readFleet } from '../gateways-of-agents.js';
import type { ServiceContext } from '../service-context.js';

/**
 * Finds the agents for which no process has a free slot now, by their ids. Only processes with calls are known: one
 * without calls would take the next task at once. All processes are taken to have the settings of this one.
 */
export async function findSlotless(
  context: Pick<ServiceContext, 'database' | 'gateways' | 'settings'>,
  candidates: readonly Candidate[],
): Promise<ReadonlySet<string>> {
  if (candidates.length === 0) return new Set();
  const calls = await listOpenCalls(context.database.pool);
  if (calls.length === 0) return new Set();
  const fleet = await readFleet(context);
  const { concurrency } = context.settings.dispatch;
  const processes = [...groupByProcess(calls).values()];
  const hasSlot = (candidate: Candidate) =>
    processes.some((underWay) => {
      const slots = { concurrency, free: concurrency - underWay.length, underWay, fleet };
      return chooseAgents([candidate], slots).length > 0;
    });
  return new Set(candidates.filter((each) => !hasSlot(each)).map(({ agentId }) => agentId));
}

function groupByProcess(calls: readonly OpenCall[]): Map<string, OpenCall[]> {
  const groups = new Map<string, OpenCall[]>();
  for (const call of calls) groups.set(call.dispatcher, [...(groups.get(call.dispatcher) ?? []), call]);
  return groups;
}
