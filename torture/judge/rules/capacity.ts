import { byId, type Rule } from '../rule.js';
import { isEndOfRun } from './run-events.js';

/** No agent ever holds more runs than its capacity. */
export const capacity: Rule = {
  name: 'capacity',
  promise: 'No agent holds more live runs than its capacity, at any position of the log.',
  find({ events, agents }) {
    const found: string[] = [];
    const known = byId(agents);
    const held = new Map<string, Set<string>>();
    const holder = new Map<string, string>();
    for (const { id, type, agent_id: agentId, run_id: runId } of events) {
      if (runId === null) continue;
      if (type === 'run.started' && agentId !== null) {
        const runs = held.get(agentId) ?? new Set();
        held.set(agentId, runs.add(runId));
        holder.set(runId, agentId);
        const most = known.get(agentId)?.max_capacity ?? 0;
        if (runs.size > most) found.push(`${agentId} holds ${runs.size} of ${most} at ${id}`);
      }
      if (isEndOfRun(type)) held.get(holder.get(runId) ?? '')?.delete(runId);
    }
    return found;
  },
};
