import { builder } from './builder.js';
import { ModelTierEnum, RunOutcomeEnum, RunTriggerEnum } from './enums.js';
import { NodeInterface } from './node.js';

interface TokenUsageShape {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costUsd: number | null;
}

export const TokenUsageType = builder.objectRef<TokenUsageShape>('TokenUsage').implement({
  description: 'What a run consumed, as the agent or the gateway reports it.',
  fields: (t) => ({
    inputTokens: t.exposeInt('inputTokens', { description: 'Tokens read.' }),
    outputTokens: t.exposeInt('outputTokens', { description: 'Tokens written.' }),
    costUsd: t.exposeFloat('costUsd', { nullable: true, description: 'Cost in US dollars, if known.' }),
  }),
});

export const TaskRunType = builder.prismaObject('TaskRun', {
  description:
    'One agent’s go at one task, from claim or dispatch to its end. Its id is the fencing token of the lease.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    number: t.exposeInt('number', { description: 'The how-manieth run of its task, from 1.' }),
    trigger: t.expose('trigger', { type: RunTriggerEnum, description: 'What began it.' }),
    outcome: t.expose('outcome', { type: RunOutcomeEnum, description: 'How it ended, or RUNNING.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it began.' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true, description: 'When it ended.' }),
    leaseExpiresAt: t.expose('leaseExpiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Until when the agent holds the task unless it renews.',
    }),
    model: t.exposeString('model', {
      nullable: true,
      description: 'The model it ran on, where a gateway ran it.',
    }),
    modelTier: t.expose('modelTier', {
      type: ModelTierEnum,
      nullable: true,
      description: 'The rule that chose the model.',
    }),
    gateway: t.exposeString('gateway', { nullable: true, description: 'The gateway that ran it.' }),
    gatewayRunId: t.exposeString('gatewayRunId', {
      nullable: true,
      description: 'The gateway’s own id of it.',
    }),
    error: t.exposeString('error', { nullable: true, description: 'Why it failed.' }),
    progress: t.exposeString('progress', { nullable: true, description: 'What the agent last reported.' }),
    usage: t.field({
      type: TokenUsageType,
      nullable: true,
      description: 'What it consumed, if reported.',
      resolve: ({ inputTokens, outputTokens, costUsd }) =>
        inputTokens === null || outputTokens === null ? null : { inputTokens, outputTokens, costUsd },
    }),
  }),
});
