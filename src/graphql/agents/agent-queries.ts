import { SOUL_TEMPLATES, type SoulTemplate } from '../../domain/agents/soul-templates.js';
import { findAgentByRef, openAgents } from '../../services/agents/read-agents.js';
import { connect, connectionArgs, NODE_PATHS, orBadInput } from '../base/connection.js';
import { AgentConnection } from '../base/connections.js';
import { AgentStatusEnum } from '../base/enums.js';
import { AgentRefInput } from '../base/refs.js';
import { agentColumns } from '../base/selected-columns.js';
import { builder } from '../builder.js';
import { AgentType } from './agent.js';

const AgentFilterInput = builder.inputType('AgentFilter', {
  description: 'Which agents: all that is given must hold. An empty list lets no agent through.',
  fields: (t) => ({
    status: t.field({ type: [AgentStatusEnum], description: 'With any of these statuses.' }),
    role: t.stringList({ description: 'With any of these roles.' }),
    search: t.string({ description: 'With this text in name or role, in letters of either case.' }),
  }),
});

const SoulTemplateType = builder.objectRef<SoulTemplate>('SoulTemplate').implement({
  description: 'A ready-made standing instruction for a kind of agent.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What to give as `soulTemplate`.' }),
    description: t.exposeString('description', { description: 'What such an agent does.' }),
    body: t.exposeString('body', {
      description:
        'Markdown with the placeholders {{AGENT_NAME}} and {{AGENT_ROLE}}, which are filled for each agent.',
    }),
  }),
});

builder.queryFields((t) => ({
  agent: t.field({
    type: AgentType,
    nullable: true,
    description: 'One agent. Null if there is none.',
    args: { ref: t.arg({ type: AgentRefInput, required: true, description: 'Which one.' }) },
    resolve: (_root, { ref }, context, info) => findAgentByRef(context.services, ref, agentColumns(info)),
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
    description: 'The built-in standing instructions.',
    resolve: () => [...SOUL_TEMPLATES],
  }),
}));
