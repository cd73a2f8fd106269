import { SOUL_TEMPLATES, type SoulTemplate } from '../../domain/agents/soul-templates.js';
import { explainAgentRef, findAgentByRef, openAgents } from '../../services/agents/read-agents.js';
import { connect, connectionArgs, NODE_PATHS, orBadInput } from '../base/connection.js';
import { AgentConnection } from '../base/connections.js';
import { AgentStatusEnum } from '../base/enums.js';
import { refuseMistake } from '../base/protocol-errors.js';
import { AgentRefInput } from '../base/refs.js';
import { agentColumns } from '../base/selected-columns.js';
import { builder } from '../builder.js';
import { AgentType } from './agent.js';

const AgentFilterInput = builder.inputType('AgentFilter', {
  description: 'Selects agents that match all given conditions. An empty list matches no agent.',
  fields: (t) => ({
    status: t.field({ type: [AgentStatusEnum], description: 'Has any of these statuses.' }),
    role: t.stringList({ description: 'Has any of these roles.' }),
    search: t.string({ description: 'Has this text in its name or role (case-insensitive).' }),
  }),
});

const SoulTemplateType = builder.objectRef<SoulTemplate>('SoulTemplate').implement({
  description: 'A built-in template of standing instructions for one kind of agent.',
  fields: (t) => ({
    id: t.id({ description: 'The name. Caches of clients need it.', resolve: ({ name }) => name }),
    name: t.exposeString('name', { description: 'The value for `soulTemplate`.' }),
    description: t.exposeString('description', {
      description: 'What an agent with these instructions does.',
    }),
    body: t.exposeString('body', {
      description:
        'Markdown with the placeholders AGENT_NAME and AGENT_ROLE in double braces, which are replaced for each agent.',
    }),
  }),
});

builder.queryFields((t) => ({
  agent: t.field({
    type: AgentType,
    nullable: true,
    description: 'One agent. Null if there is none.',
    args: { ref: t.arg({ type: AgentRefInput, required: true, description: 'The agent.' }) },
    resolve: async (_root, { ref }, context, info) => {
      const agent = await findAgentByRef(context.services, ref, agentColumns(info));
      if (agent === null) refuseMistake(await explainAgentRef(context.services, ref));
      return agent;
    },
  }),
  agents: t.field({
    type: AgentConnection,
    description: 'The agents, by name.',
    args: {
      ...connectionArgs,
      filter: t.arg({ type: AgentFilterInput, description: 'Which agents; all if unset.' }),
    },
    resolve: (_root, { filter, ...page }, context, info) => {
      const columns = agentColumns(info, NODE_PATHS);
      return connect(
        page,
        orBadInput(() => openAgents(context.services, filter ?? {}, columns)),
      );
    },
  }),
  soulTemplates: t.field({
    type: [SoulTemplateType],
    description: 'The built-in templates of standing instructions.',
    resolve: () => [...SOUL_TEMPLATES],
  }),
}));
