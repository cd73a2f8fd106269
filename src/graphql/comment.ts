import { builder } from './builder.js';
import { NodeInterface } from './node.js';

export const CommentType = builder.prismaObject('Comment', {
  description: 'Something said about a task.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    body: t.exposeString('body', { description: 'Markdown.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was said.' }),
  }),
});
