import { RunOutcomeEnum, RunTriggerEnum } from '../base/enums.js';
import { NodeInterface } from '../base/node.js';
import { getTask } from '../base/row-loads.js';
import { builder } from '../builder.js';
import { isPrivateTo, TokenUsageType, usageOf } from '../runs/task-run.js';
import { TaskType } from '../tasks/task.js';

export const ReviewRunType = builder.prismaObject('ReviewRun', {
  description:
    'One reviewer’s go at one round, from its claim or the call to its end. Its verdict, if it gave one, is a `Review`.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    task: t.field({
      type: TaskType,
      description: 'What is reviewed.',
      resolve: (run, _args, context, info) => getTask(context, info, run.taskId),
    }),
    agent: t.relation('agent', {
      description: 'Who reviews it.',
      // Without this, the plugin reads the review run again, with its long prompt and output.
      resolve: (query, { agentId }, _args, { prisma }) =>
        prisma.agent.findUniqueOrThrow({ ...query, where: { id: agentId } }),
    }),
    round: t.exposeInt('round', { description: 'Which hand-in it is about, from 1.' }),
    trigger: t.expose('trigger', { type: RunTriggerEnum, description: 'What began it.' }),
    outcome: t.expose('outcome', {
      type: RunOutcomeEnum,
      description: 'How it ended, or RUNNING; FAILED and TIMED_OUT are failures of the reviewer.',
    }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it began.' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true, description: 'When it ended.' }),
    leaseExpiresAt: t.expose('leaseExpiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Until when no other reviewer gets the round.',
    }),
    model: t.exposeString('model', {
      nullable: true,
      description: 'The model that was asked, where a gateway was.',
    }),
    gateway: t.exposeString('gateway', { nullable: true, description: 'The gateway that was asked.' }),
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
      description: 'What the gateway answered, the verdict in it. Null for the keys of other agents.',
      resolve: (run, _args, context) => (isPrivateTo(context, run.agentId) ? null : run.output),
    }),
    error: t.exposeString('error', { nullable: true, description: 'Why it gave no verdict.' }),
    usage: t.field({
      type: TokenUsageType,
      nullable: true,
      description: 'What it consumed, if the gateway tells.',
      resolve: usageOf,
    }),
  }),
});
