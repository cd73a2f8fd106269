import { type ModelRoute, type RoutedTask, routeModel } from '../../domain/dispatch/model-routing.js';
import type { Agent } from '../../generated/prisma/client.js';
import { findAgentByRef, findAgents } from '../../services/agents/read-agents.js';
import { ModelTierEnum, TaskPriorityEnum } from '../base/enums.js';
import { loadBatched } from '../base/loaders.js';
import { badUserInput } from '../base/protocol-errors.js';
import { AgentRefInput } from '../base/refs.js';
import { builder } from '../builder.js';
import type { GraphqlContext } from '../context.js';
import { TaskType } from '../tasks/task.js';

const MODEL_COLUMNS = ['dispatchModel', 'defaultModel'] as const;

const ModelRouteType = builder.objectRef<ModelRoute>('ModelRoute').implement({
  description: 'Which model a task is sent to, and why.',
  fields: (t) => ({
    tier: t.expose('tier', { type: ModelTierEnum, description: 'The rule that decided.' }),
    model: t.exposeString('model', {
      nullable: true,
      description:
        "Null leaves the choice to the gateway, or is what another agent's key sees of an agent's own model.",
    }),
    signals: t.exposeStringList('signals', { description: 'What the text or the task has that decided.' }),
  }),
});

builder.prismaObjectField(TaskType, 'routing', (t) =>
  t.field({
    type: ModelRouteType,
    description: 'The model that dispatch would choose now, and why.',
    resolve: async (task, _args, context) => {
      const load = (ids: readonly string[]) => findAgents(context.services, ids, [...MODEL_COLUMNS]);
      const agent =
        task.assigneeId === null ? undefined : await loadBatched(context, 'models', task.assigneeId, load);
      return show(context, task, agent);
    },
  }),
);

builder.queryField('classifyTask', (t) =>
  t.field({
    type: ModelRouteType,
    description: 'Which model a text would be routed to, and why.',
    args: {
      title: t.arg.string({ required: true, description: 'The title of the task.' }),
      description: t.arg.string({ description: 'Its description.' }),
      priority: t.arg({ type: TaskPriorityEnum, defaultValue: 'MEDIUM', description: 'Its priority.' }),
      agent: t.arg({ type: AgentRefInput, description: 'Its assignee, who may have a model of its own.' }),
    },
    resolve: async (_root, { title, description, priority, agent: ref }, context) => {
      const agent = ref ? await findAgentByRef(context.services, ref, ['id', ...MODEL_COLUMNS]) : undefined;
      if (agent === null) throw badUserInput('There is no such agent.');
      const task = { title, description: description ?? null, priority: priority ?? 'MEDIUM' };
      return show(context, task, agent);
    },
  }),
);

/** The config of an agent is hidden from the keys of other agents: so is a model that comes from there. */
function show({ viewer, services }: GraphqlContext, task: RoutedTask, agent: Agent | undefined): ModelRoute {
  const { models } = services.settings;
  const route = routeModel(task, agent ?? null, models);
  const isPrivate = viewer.agentId !== null && agent !== undefined && viewer.agentId !== agent.id;
  return isPrivate && (route.tier === 'OVERRIDE' || route.tier === 'DEFAULT')
    ? { ...route, model: null }
    : route;
}
