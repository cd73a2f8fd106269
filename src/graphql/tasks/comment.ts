import { NodeInterface } from '../base/node.js';
import { getTask } from '../base/row-loads.js';
import { builder } from '../builder.js';
import { ActorInterface, loadActor } from '../events/actor.js';
import { TaskType } from './task.js';

export const CommentType = builder.prismaObject('Comment', {
  description: 'A comment on a task.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    task: t.field({
      type: TaskType,
      description: 'The task.',
      resolve: (comment, _args, context, info) => getTask(context, info, comment.taskId),
    }),
    author: t.field({
      type: ActorInterface,
      description: 'Who wrote it.',
      resolve: (comment, _args, context, info) =>
        loadActor(context, info, comment.authorKeyId, comment.authorAgentId),
    }),
    body: t.exposeString('body', { description: 'The text, in Markdown.' }),
    inReplyTo: t.relation('inReplyTo', {
      nullable: true,
      description: 'The comment that it replies to.',
      // Without this, the plugin reads every comment again, although most reply to none.
      resolve: (query, { inReplyToId }, _args, { prisma }) =>
        inReplyToId === null ? null : prisma.comment.findUnique({ ...query, where: { id: inReplyToId } }),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was written.' }),
  }),
});
