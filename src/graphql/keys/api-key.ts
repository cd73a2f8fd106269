import { hasRole } from '../../domain/actor.js';
import { ApiKeyRoleEnum } from '../base/enums.js';
import { NodeInterface } from '../base/node.js';
import { builder } from '../builder.js';
import type { GraphqlContext } from '../context.js';
import { ActorInterface } from '../events/actor.js';

/** Everybody may learn who did something; the rest of a key's record is for admins and the key itself. */
const mayKnow = (key: { readonly id: string }, _args: unknown, { viewer }: GraphqlContext): boolean =>
  viewer.keyId === key.id || hasRole(viewer, 'ADMIN');

export const ApiKeyType = builder.prismaObject('ApiKey', {
  description: 'A bearer token’s record. The token itself is shown once, when it is created.',
  interfaces: [NodeInterface, ActorInterface],
  fields: (t) => ({
    displayName: t.exposeString('name', { description: 'Its name.' }),
    name: t.exposeString('name', {
      authScopes: mayKnow,
      description: 'What it was called when it was created.',
    }),
    prefix: t.exposeString('prefix', {
      authScopes: mayKnow,
      description: 'The first characters of the token, by which to recognise it.',
    }),
    role: t.expose('role', { type: ApiKeyRoleEnum, authScopes: mayKnow, description: 'What it may do.' }),
    agent: t.relation('agent', {
      nullable: true,
      authScopes: mayKnow,
      description: 'The agent as which it acts, where its role is AGENT.',
    }),
    createdAt: t.expose('createdAt', {
      type: 'DateTime',
      authScopes: mayKnow,
      description: 'When it was created.',
    }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      authScopes: mayKnow,
      description: 'When it was last used, to within a minute.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      authScopes: mayKnow,
      description: 'When it stops working, if ever.',
    }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      authScopes: mayKnow,
      description: 'When it was revoked.',
    }),
  }),
});
