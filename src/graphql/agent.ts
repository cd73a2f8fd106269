import { ActorInterface } from './actor.js';
import { builder } from './builder.js';
import { AgentDeliveryEnum } from './enums.js';
import { NodeInterface } from './node.js';

export const AgentType = builder.prismaObject('Agent', {
  description: 'A worker: a program that takes tasks and hands in results.',
  interfaces: [NodeInterface, ActorInterface],
  fields: (t) => ({
    displayName: t.exposeString('name', { description: 'Its name.' }),
    name: t.exposeString('name', { description: 'Its unique name, by which people refer to it.' }),
    role: t.exposeString('role', {
      description: 'What it is for: coder, reviewer, tester or a word of your own.',
    }),
    delivery: t.expose('delivery', { type: AgentDeliveryEnum, description: 'How work reaches it.' }),
    capabilities: t.exposeStringList('capabilities', { description: 'What it says it can do.' }),
    maxCapacity: t.exposeInt('maxCapacity', { description: 'Tasks it may have IN_PROGRESS at a time.' }),
    lastSeenAt: t.expose('lastSeenAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it last called.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it first registered.' }),
    version: t.exposeInt('version', {
      description: 'Rises by one with each change; show it as `expectedVersion`.',
    }),
  }),
});
