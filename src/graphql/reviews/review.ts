import { VerdictEnum } from '../base/enums.js';
import { NodeInterface } from '../base/node.js';
import { getTask } from '../base/row-loads.js';
import { builder } from '../builder.js';
import { ActorInterface, loadActor } from '../events/actor.js';
import { TaskType } from '../tasks/task.js';

export const ReviewType = builder.prismaObject('QualityReview', {
  name: 'Review',
  description: 'A verdict on finished work.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    task: t.field({
      type: TaskType,
      description: 'The reviewed task.',
      resolve: (review, _args, context, info) => getTask(context, info, review.taskId),
    }),
    reviewer: t.field({
      type: ActorInterface,
      description: 'Who gave the verdict.',
      resolve: (review, _args, context, info) =>
        loadActor(context, info, review.reviewerKeyId, review.reviewerAgentId),
    }),
    run: t.relation('run', { nullable: true, description: 'The run whose work was reviewed.' }),
    round: t.exposeInt('round', { description: 'The review round of the task, starting at 1.' }),
    verdict: t.expose('verdict', { type: VerdictEnum, description: 'The decision.' }),
    feedback: t.exposeString('feedback', {
      nullable: true,
      description: 'The reasons; always present for REJECTED.',
    }),
    superseded: t.exposeBoolean('superseded', {
      description: 'Whether the verdict came too late: the round had already ended, so it changed nothing.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the verdict was given.' }),
  }),
});
