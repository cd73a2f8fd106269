import { hasRole } from '../../domain/actor.js';
import { ApiKeyRoleEnum } from '../base/enums.js';
import { NodeInterface } from '../base/node.js';
import { builder } from '../builder.js';
import type { GraphqlContext } from '../context.js';
import { ActorInterface } from '../events/actor.js';

/** Any key may see the name of an actor. Only admins and the key itself see the other fields. */
const maySeeDetails = (key: { readonly id: string }, _args: unknown, { viewer }: GraphqlContext): boolean =>
  viewer.keyId === key.id || hasRole(viewer, 'ADMIN');

export const ApiKeyType = builder.prismaObject('ApiKey', {
  description: 'The record of a bearer token. The token itself is shown only when the key is created.',
  interfaces: [NodeInterface, ActorInterface],
  fields: (t) => ({
    displayName: t.exposeString('name', { description: 'Its name.' }),
    name: t.exposeString('name', {
      authScopes: maySeeDetails,
      description: 'Its name.',
    }),
    prefix: t.exposeString('prefix', {
      authScopes: maySeeDetails,
      description: 'The first characters of the token, to recognise it.',
    }),
    role: t.expose('role', {
      type: ApiKeyRoleEnum,
      authScopes: maySeeDetails,
      description: 'The role, which decides what the key may do.',
    }),
    agent: t.relation('agent', {
      nullable: true,
      authScopes: maySeeDetails,
      description: 'The agent that it acts as, if its role is AGENT.',
    }),
    createdAt: t.expose('createdAt', {
      type: 'DateTime',
      authScopes: maySeeDetails,
      description: 'When it was created.',
    }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      authScopes: maySeeDetails,
      description: 'When it was last used, to within a minute.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      authScopes: maySeeDetails,
      description: 'When it expires, if ever.',
    }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      authScopes: maySeeDetails,
      description: 'When it was revoked, if it was.',
    }),
  }),
});
