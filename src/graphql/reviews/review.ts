import { VerdictEnum } from '../base/enums.js';
import { NodeInterface } from '../base/node.js';
import { getTask } from '../base/row-loads.js';
import { builder } from '../builder.js';
import { ActorInterface, loadActor } from '../events/actor.js';
import { TaskType } from '../tasks/task.js';

export const ReviewType = builder.prismaObject('QualityReview', {
  name: 'Review',
  description: 'One verdict on finished work.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    task: t.field({
      type: TaskType,
      description: 'Whose work it judges.',
      resolve: (review, _args, context, info) => getTask(context, info, review.taskId),
    }),
    reviewer: t.field({
      type: ActorInterface,
      description: 'Who gave it.',
      resolve: (review, _args, context, info) =>
        loadActor(context, info, review.reviewerKeyId, review.reviewerAgentId),
    }),
    run: t.relation('run', { nullable: true, description: 'The run whose work it judges.' }),
    round: t.exposeInt('round', { description: 'Which hand-in it judges, from 1.' }),
    verdict: t.expose('verdict', { type: VerdictEnum, description: 'What was decided.' }),
    feedback: t.exposeString('feedback', {
      nullable: true,
      description: 'Why; always there with a rejection.',
    }),
    superseded: t.exposeBoolean('superseded', {
      description: 'It came too late: the task had moved on, so it changed nothing.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was given.' }),
  }),
});
