import { RunOutcomeEnum, RunTriggerEnum } from '../base/enums.js';
import { NodeInterface } from '../base/node.js';
import { getTask } from '../base/row-loads.js';
import { builder } from '../builder.js';
import { isPrivateTo, TokenUsageType, usageOf } from '../runs/task-run.js';
import { TaskType } from '../tasks/task.js';

export const ReviewRunType = builder.prismaObject('ReviewRun', {
  description:
    'One attempt by one reviewer at one review round, from its claim or gateway call to its end. Its verdict, if any, is a `Review`.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    task: t.field({
      type: TaskType,
      description: 'The reviewed task.',
      resolve: (run, _args, context, info) => getTask(context, info, run.taskId),
    }),
    agent: t.relation('agent', {
      description: 'The reviewer.',
      // Without this, the plugin reads the review run again, with its long prompt and output.
      resolve: (query, { agentId }, _args, { prisma }) =>
        prisma.agent.findUniqueOrThrow({ ...query, where: { id: agentId } }),
    }),
    round: t.exposeInt('round', { description: 'The review round of the task, starting at 1.' }),
    trigger: t.expose('trigger', { type: RunTriggerEnum, description: 'What started the run.' }),
    outcome: t.expose('outcome', {
      type: RunOutcomeEnum,
      description:
        'How the run ended, or RUNNING. FAILED and TIMED_OUT are failures of the reviewer, not verdicts.',
    }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it began.' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true, description: 'When it ended.' }),
    leaseExpiresAt: t.expose('leaseExpiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the lease on the round expires.',
    }),
    model: t.exposeString('model', {
      nullable: true,
      description: 'The model, if a gateway ran the review.',
    }),
    gateway: t.exposeString('gateway', { nullable: true, description: 'The gateway that ran the review.' }),
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
      description: 'The answer of the gateway, including the verdict. Null for keys of other agents.',
      resolve: (run, _args, context) => (isPrivateTo(context, run.agentId) ? null : run.output),
    }),
    error: t.exposeString('error', { nullable: true, description: 'Why the run gave no verdict.' }),
    usage: t.field({
      type: TokenUsageType,
      nullable: true,
      description: 'The model usage, if the gateway reports it.',
      resolve: usageOf,
    }),
  }),
});
