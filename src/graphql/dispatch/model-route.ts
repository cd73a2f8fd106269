import { type ModelRoute, type RoutedTask, routeModel } from '../../domain/dispatch/model-routing.js';
import { findMistakes } from '../../domain/inputs.js';
import { LIMITS } from '../../domain/limits.js';
import type { Agent } from '../../generated/prisma/client.js';
import { findAgentByRef, findAgents } from '../../services/agents/read-agents.js';
import { ModelTierEnum, TaskPriorityEnum } from '../base/enums.js';
import { loadBatched } from '../base/loaders.js';
import { badUserInput, refuseMistake } from '../base/protocol-errors.js';
import { AgentRefInput } from '../base/refs.js';
import { builder } from '../builder.js';
import type { GraphqlContext } from '../context.js';
import { TaskType } from '../tasks/task.js';

const MODEL_COLUMNS = ['dispatchModel', 'defaultModel'] as const;

const ModelRouteType = builder.objectRef<ModelRoute>('ModelRoute').implement({
  description: 'Which model a task is sent to, and why.',
  fields: (t) => ({
    tier: t.expose('tier', { type: ModelTierEnum, description: 'The rule that chose the model.' }),
    model: t.exposeString('model', {
      nullable: true,
      description:
        'The model. Null if the gateway chooses it, or if it is the own model of another agent that this key may not see.',
    }),
    signals: t.exposeStringList('signals', {
      description: 'The properties of the text or the task that led to the choice.',
    }),
  }),
});

builder.prismaObjectField(TaskType, 'routing', (t) =>
  t.field({
    type: ModelRouteType,
    description: 'The model that the dispatcher would choose now, and why.',
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
    description: 'Which model the dispatcher would choose for a text, and why.',
    args: {
      title: t.arg.string({
        required: true,
        description: `The title of the task, at most ${LIMITS.titleLength} characters.`,
      }),
      description: t.arg.string({
        description: `The description of the task, at most ${LIMITS.descriptionLength} characters.`,
      }),
      priority: t.arg({
        type: TaskPriorityEnum,
        defaultValue: 'MEDIUM',
        description: 'The priority of the task.',
      }),
      agent: t.arg({ type: AgentRefInput, description: 'The assignee, which may have a model of its own.' }),
    },
    resolve: async (_root, { title, description, priority, agent: ref }, context) => {
      const [mistake] = findMistakes({ title, description }, ['title', 'description']);
      refuseMistake(mistake?.message ?? null);
      const agent = ref ? await findAgentByRef(context.services, ref, ['id', ...MODEL_COLUMNS]) : undefined;
      if (agent === null)
        throw badUserInput('There is no such agent: use the name or id of a registered agent.');
      const task = { title, description: description ?? null, priority: priority ?? 'MEDIUM' };
      return show(context, task, agent);
    },
  }),
);

/** Keys of other agents may not see the config of an agent, so a model that comes from it is hidden as well. */
function show({ viewer, services }: GraphqlContext, task: RoutedTask, agent: Agent | undefined): ModelRoute {
  const { models } = services.settings;
  const route = routeModel(task, agent ?? null, models);
  const isPrivate = viewer.agentId !== null && agent !== undefined && viewer.agentId !== agent.id;
  return isPrivate && (route.tier === 'OVERRIDE' || route.tier === 'DEFAULT')
    ? { ...route, model: null }
    : route;
}
