import { AgentType } from '../agents/agent.js';
import { ModelTierEnum, RunOutcomeEnum, RunTriggerEnum } from '../base/enums.js';
import { NodeInterface } from '../base/node.js';
import { getAgent, getTask } from '../base/row-loads.js';
import { builder } from '../builder.js';
import type { GraphqlContext } from '../context.js';
import { TaskType } from '../tasks/task.js';

/** What a run of a task or a review consumed, as its row has it. */
interface UsageColumns {
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly costUsd: number | null;
}

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
    task: t.field({
      type: TaskType,
      description: 'What is worked on.',
      resolve: (run, _args, context, info) => getTask(context, info, run.taskId),
    }),
    agent: t.field({
      type: AgentType,
      description: 'Who works on it.',
      resolve: (run, _args, context, info) => getAgent(context, info, run.agentId),
    }),
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
    prompt: t.string({
      nullable: true,
      description: 'What the gateway was asked. Null for the keys of other agents.',
      resolve: (run, _args, context) => (isPrivateTo(context, run.agentId) ? null : run.prompt),
    }),
    output: t.string({
      nullable: true,
      description: 'What the gateway answered. Null for the keys of other agents.',
      resolve: (run, _args, context) => (isPrivateTo(context, run.agentId) ? null : run.output),
    }),
    error: t.exposeString('error', { nullable: true, description: 'Why it failed.' }),
    progress: t.exposeString('progress', { nullable: true, description: 'What the agent last reported.' }),
    usage: t.field({
      type: TokenUsageType,
      nullable: true,
      description: 'What it consumed, if reported.',
      resolve: usageOf,
    }),
  }),
});

/** An agent's key sees the runs of others on its tasks, but not what passed between them and their models. */
export function isPrivateTo({ viewer }: GraphqlContext, agentId: string): boolean {
  return viewer.agentId !== null && viewer.agentId !== agentId;
}

export function usageOf({ inputTokens, outputTokens, costUsd }: UsageColumns): TokenUsageShape | null {
  return inputTokens === null || outputTokens === null ? null : { inputTokens, outputTokens, costUsd };
}
