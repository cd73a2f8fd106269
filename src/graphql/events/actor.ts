import type { GraphQLResolveInfo } from 'graphql';
import { typeOfId } from '../base/node.js';
import { loadAgent, loadRow } from '../base/row-loads.js';
import { selectedFields } from '../base/selection.js';
import { builder } from '../builder.js';
import type { GraphqlContext } from '../context.js';

/** The source of an actor: the row of an agent or of a key, or the system. */
export interface ActorShape {
  readonly id: string;
}

const SYSTEM_ACTOR = { id: 'system', displayName: 'System' } as const;

export const ActorInterface = builder.interfaceRef<ActorShape>('Actor').implement({
  description: 'The originator of a change: an API key, an agent, or the system.',
  resolveType: (actor) => (actor.id === SYSTEM_ACTOR.id ? 'SystemActor' : typeOfId(actor.id)),
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The id of the key or agent; `system` for the system.' }),
    displayName: t.string({ description: 'A name for people.', resolve: () => SYSTEM_ACTOR.displayName }),
  }),
});

builder.objectRef<typeof SYSTEM_ACTOR>('SystemActor').implement({
  description: 'Mission Control itself, for what its scheduler does.',
  interfaces: [ActorInterface],
});

/** The actor of a change, from its key and agent columns. If both are null, it is the system. */
export async function loadActor(
  context: GraphqlContext,
  info: GraphQLResolveInfo,
  keyId: string | null,
  agentId: string | null,
): Promise<ActorShape> {
  const id = agentId ?? keyId;
  if (id === null) return SYSTEM_ACTOR;
  if (asksOnlyForId(info)) return { id };
  const actor = agentId === null ? await loadRow(context, 'ApiKey', id) : await loadAgent(context, info, id);
  if (actor === null) throw new Error(`${id} is recorded as an actor but does not exist`);
  return actor;
}

/** Whether the selection needs no row. */
function asksOnlyForId(info: GraphQLResolveInfo): boolean {
  return [...selectedFields(info)].every((name) => name === 'id' || name === '__typename');
}
