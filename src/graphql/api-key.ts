import { ActorInterface } from './actor.js';
import { builder } from './builder.js';
import { ApiKeyRoleEnum } from './enums.js';
import { NodeInterface } from './node.js';

export const ApiKeyType = builder.prismaObject('ApiKey', {
  description: 'A bearer token’s record. The token itself is shown once, when it is created.',
  interfaces: [NodeInterface, ActorInterface],
  fields: (t) => ({
    displayName: t.exposeString('name', { description: 'Its name.' }),
    name: t.exposeString('name', { description: 'What it was called when it was created.' }),
    role: t.expose('role', { type: ApiKeyRoleEnum, description: 'What it may do.' }),
  }),
});
