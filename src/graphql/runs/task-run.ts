import { AgentType } from '../agents/agent.js';
import { ModelTierEnum, RunOutcomeEnum, RunTriggerEnum } from '../base/enums.js';
import { NodeInterface } from '../base/node.js';
import { getAgent, getTask } from '../base/row-loads.js';
import { builder } from '../builder.js';
import type { GraphqlContext } from '../context.js';
import { TaskType } from '../tasks/task.js';

/** The usage columns of a task run or a review run. */
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
  description: 'The model usage of a run, as the agent or the gateway reports it.',
  fields: (t) => ({
    inputTokens: t.exposeInt('inputTokens', { description: 'Number of input tokens.' }),
    outputTokens: t.exposeInt('outputTokens', { description: 'Number of output tokens.' }),
    costUsd: t.exposeFloat('costUsd', { nullable: true, description: 'Cost in US dollars, if known.' }),
  }),
});

export const TaskRunType = builder.prismaObject('TaskRun', {
  description:
    'One attempt by one agent at one task, from its claim or dispatch to its end. Its id is the fencing token of the lease.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    task: t.field({
      type: TaskType,
      description: 'The task.',
      resolve: (run, _args, context, info) => getTask(context, info, run.taskId),
    }),
    agent: t.field({
      type: AgentType,
      description: 'The agent that works on the task.',
      resolve: (run, _args, context, info) => getAgent(context, info, run.agentId),
    }),
    number: t.exposeInt('number', {
      description: 'The number of this run among the runs of its task, starting at 1.',
    }),
    trigger: t.expose('trigger', { type: RunTriggerEnum, description: 'What started the run.' }),
    outcome: t.expose('outcome', { type: RunOutcomeEnum, description: 'How the run ended, or RUNNING.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it began.' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true, description: 'When it ended.' }),
    leaseExpiresAt: t.expose('leaseExpiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the lease expires unless the agent renews it.',
    }),
    model: t.exposeString('model', {
      nullable: true,
      description:
        'The model that the gateway used, or that the agent named in its claim or with its result.',
    }),
    modelTier: t.expose('modelTier', {
      type: ModelTierEnum,
      nullable: true,
      description: 'The rule that chose the model.',
    }),
    gateway: t.exposeString('gateway', { nullable: true, description: 'The gateway that ran it.' }),
    gatewayRunId: t.exposeString('gatewayRunId', {
      nullable: true,
      description: 'The id of the run at the gateway.',
    }),
    prompt: t.string({
      nullable: true,
      description: 'The prompt that was sent to the gateway. Null for keys of other agents.',
      resolve: (run, _args, context) => (isPrivateTo(context, run.agentId) ? null : run.prompt),
    }),
    output: t.string({
      nullable: true,
      description: 'The answer of the gateway. Null for keys of other agents.',
      resolve: (run, _args, context) => (isPrivateTo(context, run.agentId) ? null : run.output),
    }),
    error: t.exposeString('error', { nullable: true, description: 'Why the run failed.' }),
    progress: t.exposeString('progress', {
      nullable: true,
      description: 'The last progress that the agent reported.',
    }),
    progressPercent: t.exposeFloat('progressPercent', {
      nullable: true,
      description: 'The percentage done that the agent last reported, from 0 to 100.',
    }),
    usage: t.field({
      type: TokenUsageType,
      nullable: true,
      description: 'The model usage, if reported.',
      resolve: usageOf,
    }),
  }),
});

/** A key of an agent sees the runs of other agents on its tasks, but not their prompts and outputs. */
export function isPrivateTo({ viewer }: GraphqlContext, agentId: string): boolean {
  return viewer.agentId !== null && viewer.agentId !== agentId;
}

/** The usage of a run; null unless both token counts are known. */
export function usageOf({ inputTokens, outputTokens, costUsd }: UsageColumns): TokenUsageShape | null {
  return inputTokens === null || outputTokens === null ? null : { inputTokens, outputTokens, costUsd };
}
