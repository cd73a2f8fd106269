import { explainAgentRef, findAgentByRef } from '../../services/agents/read-agents.js';
import { findTaskRefMistake } from '../../services/refs.js';
import {
  findNextTask,
  findTaskByRef,
  openTasks,
  openTasksOfAgents,
} from '../../services/tasks/read-tasks.js';
import { AgentType } from '../agents/agent.js';
import { connectChildren } from '../base/child-connection.js';
import { weighChildList } from '../base/complexity.js';
import { connect, connectionArgs, orBadInput } from '../base/connection.js';
import { TaskConnection } from '../base/connections.js';
import { forbidden, refuseMistake } from '../base/protocol-errors.js';
import { AgentRefInput, TaskRefInput } from '../base/refs.js';
import { listedTaskColumns, taskColumns } from '../base/selected-columns.js';
import { builder } from '../builder.js';
import { TaskType } from './task.js';
import { TaskFilterInput, TaskOrderInput } from './task-filter.js';

const listArgs = builder.args((t) => ({
  filter: t.field({ type: TaskFilterInput, description: 'Which tasks; all if unset.' }),
  orderBy: t.field({ type: TaskOrderInput, description: 'How to sort them; newest first if unset.' }),
}));

builder.queryFields((t) => ({
  task: t.field({
    type: TaskType,
    nullable: true,
    description: 'One task. Null if there is none, or none that this key may see.',
    args: { ref: t.arg({ type: TaskRefInput, required: true, description: 'The task.' }) },
    resolve: (_root, { ref }, context, info) => {
      refuseMistake(findTaskRefMistake(ref));
      return findTaskByRef(context.services, context.viewer, ref, taskColumns(info));
    },
  }),
  tasks: t.field({
    type: TaskConnection,
    description: 'The tasks that this key may see.',
    args: { ...connectionArgs, ...listArgs },
    resolve: (_root, { filter, orderBy, ...page }, context, info) => {
      const columns = listedTaskColumns(info);
      return connect(
        page,
        orBadInput(() => openTasks(context.services, context.viewer, { filter, orderBy, columns })),
      );
    },
  }),
  nextTask: t.field({
    type: TaskType,
    nullable: true,
    description: 'The task that claimNextTask would hand out, without claiming it.',
    args: { agent: t.arg({ type: AgentRefInput, required: true, description: 'The claiming agent.' }) },
    resolve: async (_root, { agent: ref }, context, info) => {
      const agent = await findAgentByRef(context.services, ref, []);
      if (agent === null) {
        refuseMistake(await explainAgentRef(context.services, ref));
        return null;
      }
      const { viewer, services } = context;
      if (viewer.agentId !== null && viewer.agentId !== agent.id)
        throw forbidden('Query.nextTask for another agent');
      return findNextTask(services, viewer, agent.id, taskColumns(info));
    },
  }),
}));

builder.prismaObjectField(AgentType, 'tasks', (t) =>
  t.field({
    type: TaskConnection,
    complexity: weighChildList,
    description: 'The tasks that are assigned to the agent and that this key may see.',
    args: { ...connectionArgs, ...listArgs },
    resolve: (agent, { filter, orderBy, ...page }, context, info) => {
      const columns = listedTaskColumns(info);
      const lists = orBadInput(() =>
        openTasksOfAgents(context.services, context.viewer, { filter, orderBy, columns }),
      );
      return connectChildren(
        context,
        `tasks:${JSON.stringify({ filter, orderBy, columns })}`,
        agent.id,
        page,
        lists,
      );
    },
  }),
);
