import { builder } from './builder.js';
import { VerdictEnum } from './enums.js';
import { NodeInterface } from './node.js';

export const ReviewType = builder.prismaObject('QualityReview', {
  name: 'Review',
  description: 'One verdict on finished work.',
  interfaces: [NodeInterface],
  fields: (t) => ({
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
