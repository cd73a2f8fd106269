import type { Agent } from '../../generated/prisma/client.js';
import { pauseAgent, resumeAgent } from '../../services/agents/pause-agent.js';
import { type RegisteredAgent, registerAgent, updateAgent } from '../../services/agents/register-agent.js';
import { AgentDeliveryEnum } from '../base/enums.js';
import { answer, payloadType } from '../base/payloads.js';
import { AgentRefInput } from '../base/refs.js';
import { builder, type InputFields } from '../builder.js';
import { AgentType } from './agent.js';

const AgentConfigInput = builder.inputType('AgentConfigInput', {
  description: 'How the dispatcher reaches an agent. What is left out stays; null clears it.',
  fields: (t) => ({
    dispatchModel: t.string({ description: 'The model for every task of this agent, verbatim.' }),
    defaultModel: t.string({ description: 'The model where no rule chooses one.' }),
    gateway: t.string({ description: 'The gateway that runs it.' }),
    gatewayAgentId: t.string({ description: 'Its name at the gateway, if it is another one there.' }),
    timeout: t.field({ type: 'Duration', description: 'How long one run may take.' }),
    extra: t.field({ type: 'JSONObject', description: 'Whatever else you want to keep with it.' }),
  }),
});

/** The settings that both inputs have. */
function settingFields(t: InputFields) {
  return {
    role: t.string({
      description:
        'What it is for: coder, reviewer, tester, devops, researcher, assistant, agent, or a word of your own.',
    }),
    capabilities: t.stringList({ description: 'What it can do, as words.' }),
    maxCapacity: t.int({
      description: 'Tasks IN_PROGRESS at most, 1 to 100; also reviews under way at most, counted apart.',
    }),
    delivery: t.field({ type: AgentDeliveryEnum, description: 'Whether it asks for work or is sent it.' }),
    soul: t.string({ description: 'Its standing instruction, in Markdown.' }),
    soulTemplate: t.string({ description: 'Takes the instruction from a template instead.' }),
    config: t.field({ type: AgentConfigInput, description: 'How the dispatcher reaches it.' }),
  };
}

const RegisterAgentInput = builder.inputType('RegisterAgentInput', {
  description: 'An agent. A repeat with the same name refreshes what is given.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description: 'Its name: a letter or digit, then up to 62 letters, digits, dots, dashes or underscores.',
    }),
    ...settingFields(t),
  }),
});

const UpdateAgentInput = builder.inputType('UpdateAgentInput', {
  description: 'A change of an agent’s settings. What is left out stays.',
  fields: (t) => ({
    agent: t.field({ type: AgentRefInput, required: true, description: 'The agent.' }),
    ...settingFields(t),
    expectedVersion: t.int({ description: 'Refuse if the stored version is another one.' }),
  }),
});

const AgentPayload = payloadType<Agent>('AgentPayload', 'The answer of a mutation of one agent.');
builder.objectFields(AgentPayload, (t) => ({
  agent: t.field({
    type: AgentType,
    nullable: true,
    description: 'The agent as it is now; null if the mutation was refused.',
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
    description: 'The agent as it is now; null if the registration was refused.',
    resolve: ({ result }) => result?.agent,
  }),
  created: t.boolean({
    nullable: true,
    description: 'true for a new agent, false for one that was refreshed.',
    resolve: ({ result }) => result?.created,
  }),
}));

builder.mutationFields((t) => ({
  registerAgent: t.field({
    type: RegisterAgentPayload,
    authScopes: { agent: true },
    description: 'Registers an agent, or refreshes the one of this name. A sign of life.',
    args: { input: t.arg({ type: RegisterAgentInput, required: true, description: 'The agent.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(registerAgent(services, viewer, input)),
  }),
  updateAgent: t.field({
    type: AgentPayload,
    authScopes: { operator: true },
    description: 'Changes the settings that are given.',
    args: { input: t.arg({ type: UpdateAgentInput, required: true, description: 'The change.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(updateAgent(services, viewer, input)),
  }),
  pauseAgent: t.field({
    type: AgentPayload,
    authScopes: { operator: true },
    description: 'Keeps new tasks from an agent; what it holds it may finish.',
    args: { agent: t.arg({ type: AgentRefInput, required: true, description: 'The agent.' }) },
    resolve: (_root, { agent }, { services, viewer }) => answer(pauseAgent(services, viewer, agent)),
  }),
  resumeAgent: t.field({
    type: AgentPayload,
    authScopes: { operator: true },
    description: 'Lets a paused agent have new tasks again.',
    args: { agent: t.arg({ type: AgentRefInput, required: true, description: 'The agent.' }) },
    resolve: (_root, { agent }, { services, viewer }) => answer(resumeAgent(services, viewer, agent)),
  }),
}));
