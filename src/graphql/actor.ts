import { builder } from './builder.js';
import { typeOfId } from './node.js';

/** What an actor is resolved from: a row of an agent or of a key, or the system. */
export interface ActorShape {
  readonly id: string;
}

export const SYSTEM_ACTOR = { id: 'system', displayName: 'System' } as const;

export const ActorInterface = builder.interfaceRef<ActorShape>('Actor').implement({
  description: 'Who acts: an API key, an agent, or the system.',
  resolveType: (actor) => (actor.id === SYSTEM_ACTOR.id ? 'SystemActor' : typeOfId(actor.id)),
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The id of the key or agent; `system` for the system.' }),
    displayName: t.string({
      description: 'A name for people.',
      resolve: () => SYSTEM_ACTOR.displayName,
    }),
  }),
});

builder.objectRef<typeof SYSTEM_ACTOR>('SystemActor').implement({
  description: 'Mission Control itself: what its scheduler does on its own account.',
  interfaces: [ActorInterface],
});
