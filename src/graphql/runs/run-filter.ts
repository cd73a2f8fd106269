import { MAX_AGENTS, type RunSelection } from '../../domain/runs/run-filter.js';
import { RunOutcomeEnum, RunTriggerEnum } from '../base/enums.js';
import { idOfAgent, idOfTask } from '../base/named-refs.js';
import { badUserInput } from '../base/protocol-errors.js';
import { AgentRefInput, TaskRefInput } from '../base/refs.js';
import { builder } from '../builder.js';
import type { GraphqlContext } from '../context.js';
import { DateTimeRangeInput } from '../tasks/task-filter.js';

export const RunFilterInput = builder.inputType('RunFilter', {
  description: 'Selects runs that match all given conditions. An empty list matches no run.',
  fields: (t) => ({
    agent: t.field({ type: [AgentRefInput], description: 'Runs of any of these agents, at most 20.' }),
    task: t.field({ type: TaskRefInput, description: 'Runs at this task.' }),
    outcome: t.field({
      type: [RunOutcomeEnum],
      description: 'Has ended in any of these ways, or is RUNNING.',
    }),
    trigger: t.field({ type: [RunTriggerEnum], description: 'Was started by any of these.' }),
    startedAt: t.field({ type: DateTimeRangeInput, description: 'Was started in this period.' }),
  }),
});

type FilterShape = typeof RunFilterInput.$inferInput;

/** @throws BAD_USER_INPUT for agents that do not exist, and for a task that the key does not see. */
export async function parseRunFilter(
  context: GraphqlContext,
  filter: FilterShape | null | undefined,
): Promise<RunSelection> {
  const { agent, task, outcome, trigger, startedAt } = filter ?? {};
  if (agent && agent.length > MAX_AGENTS)
    throw badUserInput(`filter.agent may have at most ${MAX_AGENTS} entries.`);
  const agentIds = agent ? await Promise.all(agent.map((ref) => idOfAgent(context, ref))) : undefined;
  return {
    ...(agentIds ? { agentIds: [...new Set(agentIds)] } : {}),
    ...(task ? { taskId: await idOfTask(context, task) } : {}),
    ...(outcome ? { outcomes: [...new Set(outcome)] } : {}),
    ...(trigger ? { triggers: trigger } : {}),
    ...(startedAt ? { startedAt } : {}),
  };
}
