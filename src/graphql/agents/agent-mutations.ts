import type { Agent } from '../../generated/prisma/client.js';
import { disconnectAgent } from '../../services/agents/disconnect-agent.js';
import { pauseAgent, resumeAgent } from '../../services/agents/pause-agent.js';
import { type RegisteredAgent, registerAgent, updateAgent } from '../../services/agents/register-agent.js';
import { AgentDeliveryEnum } from '../base/enums.js';
import { answer, payloadType } from '../base/payloads.js';
import { AgentRefInput } from '../base/refs.js';
import { builder, type InputFields } from '../builder.js';
import { AgentType } from './agent.js';

const AgentConfigInput = builder.inputType('AgentConfigInput', {
  description: 'How the dispatcher reaches an agent. An omitted field stays unchanged; null clears it.',
  fields: (t) => ({
    dispatchModel: t.string({
      description: 'The model for all tasks of this agent. It overrides the routing rules.',
    }),
    defaultModel: t.string({ description: 'The model for tasks to which no routing rule applies.' }),
    gateway: t.string({ description: 'The gateway that runs it.' }),
    gatewayAgentId: t.string({ description: 'Its name at the gateway, if it differs.' }),
    timeout: t.field({ type: 'Duration', description: 'The maximum duration of one run.' }),
    extra: t.field({
      type: 'JSONObject',
      description: 'Your own settings. The server stores them and never reads them.',
    }),
  }),
});

/** The settings that both inputs have. */
function settingFields(t: InputFields) {
  return {
    role: t.string({
      description:
        'Its role: coder, reviewer, tester, devops, researcher, assistant, agent, or any other word.',
    }),
    capabilities: t.stringList({
      description:
        'Words that describe what it can do. It gets only tasks all of whose `requires` are among them.',
    }),
    maxCapacity: t.int({
      description:
        'The maximum number of tasks IN_PROGRESS, 1 to 100. The same maximum applies to running reviews, counted separately.',
    }),
    acceptsInbox: t.boolean({
      description:
        'Whether it gets tasks of the inbox, by claims or by dispatch: true unless it is registered as a reviewer.',
    }),
    delivery: t.field({
      type: AgentDeliveryEnum,
      description:
        'Whether it asks for work (PULL) or is called (PUSH). If never set: PUSH for a reviewer that has never asked for work if the server has a default gateway (MC_GATEWAY), otherwise PULL.',
    }),
    soul: t.string({ description: 'Its standing instructions, in Markdown.' }),
    soulTemplate: t.string({ description: 'The name of a template to use as `soul`.' }),
    config: t.field({ type: AgentConfigInput, description: 'How the dispatcher reaches it.' }),
  };
}

const RegisterAgentInput = builder.inputType('RegisterAgentInput', {
  description: 'An agent to register. If the name is registered already, the given fields are updated.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description: 'Its name: a letter or digit, then up to 62 letters, digits, dots, dashes or underscores.',
    }),
    ...settingFields(t),
  }),
});

const UpdateAgentInput = builder.inputType('UpdateAgentInput', {
  description: 'A change of the settings of an agent. An omitted field stays unchanged.',
  fields: (t) => ({
    agent: t.field({ type: AgentRefInput, required: true, description: 'The agent.' }),
    ...settingFields(t),
    expectedVersion: t.int({ description: 'Refuse if the stored version differs.' }),
  }),
});

const AgentPayload = payloadType<Agent>('AgentPayload', 'The answer of a mutation of one agent.');
builder.objectFields(AgentPayload, (t) => ({
  agent: t.field({
    type: AgentType,
    nullable: true,
    description: 'The current agent; null if the mutation was refused.',
    resolve: (payload) => payload.result,
  }),
}));

const RegisterAgentPayload = payloadType<RegisteredAgent>(
  'RegisterAgentPayload',
  'The answer of registerAgent.',
);
builder.objectFields(RegisterAgentPayload, (t) => ({
  agent: t.field({
    type: AgentType,
    nullable: true,
    description: 'The current agent; null if the mutation was refused.',
    resolve: ({ result }) => result?.agent,
  }),
  created: t.boolean({
    nullable: true,
    description: 'true for a new agent, false if an existing one was updated.',
    resolve: ({ result }) => result?.created,
  }),
}));

builder.mutationFields((t) => ({
  registerAgent: t.field({
    type: RegisterAgentPayload,
    authScopes: { agent: true },
    description:
      'Registers an agent, or updates the one with this name. Updates `lastSeenAt`. The key of an agent can change only the `capabilities` of this agent.',
    args: { input: t.arg({ type: RegisterAgentInput, required: true, description: 'The agent.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(registerAgent(services, viewer, input)),
  }),
  updateAgent: t.field({
    type: AgentPayload,
    authScopes: { operator: true },
    description: 'Changes the given settings.',
    args: { input: t.arg({ type: UpdateAgentInput, required: true, description: 'The change.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(updateAgent(services, viewer, input)),
  }),
  pauseAgent: t.field({
    type: AgentPayload,
    authScopes: { operator: true },
    description: 'Stops handing new work to an agent. It may finish the tasks that it holds.',
    args: { agent: t.arg({ type: AgentRefInput, required: true, description: 'The agent.' }) },
    resolve: (_root, { agent }, { services, viewer }) => answer(pauseAgent(services, viewer, agent)),
  }),
  resumeAgent: t.field({
    type: AgentPayload,
    authScopes: { operator: true },
    description: 'Resumes handing work to a paused agent.',
    args: { agent: t.arg({ type: AgentRefInput, required: true, description: 'The agent.' }) },
    resolve: (_root, { agent }, { services, viewer }) => answer(resumeAgent(services, viewer, agent)),
  }),
  disconnectAgent: t.field({
    type: AgentPayload,
    authScopes: { agent: true },
    description:
      'The agent leaves: every task and review that it holds is released at once, without a counted attempt, and it is OFFLINE. Running calls to a PUSH agent are aborted. With its next call it is online again. The server calls a PUSH agent again for the next task that it may have: pause it first to prevent that.',
    args: {
      agent: t.arg({
        type: AgentRefInput,
        description: 'May be left out with a key that is bound to an agent.',
      }),
    },
    resolve: (_root, { agent }, { services, viewer }) => answer(disconnectAgent(services, viewer, agent)),
  }),
}));
