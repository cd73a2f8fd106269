import type { GraphQLResolveInfo } from 'graphql';
import { type IdPrefix, isId } from '../../kernel/ids.js';
import { builder } from '../builder.js';
import type { GraphqlContext } from '../context.js';

/** Finds the object of an id, if it exists and the viewer may see it. */
type FindNode = (
  context: GraphqlContext,
  info: GraphQLResolveInfo,
  id: string,
) => Promise<{ readonly id: string } | null>;

const NODES = new Map<string, { readonly type: string; readonly find: FindNode }>();

/** Registers how `Query.node` finds objects of a type: the prefix of its ids and the function that finds one. */
export function registerNode(prefix: IdPrefix, type: string, find: FindNode): void {
  NODES.set(prefix, { type, find });
}

/** The GraphQL type of an id, by its prefix; undefined for an unknown prefix. */
export function typeOfId(id: string): string | undefined {
  return NODES.get(prefixOf(id))?.type;
}

/** The object of the id; null also for an invalid id, a missing object and one that the viewer may not see. */
export function findNode(
  context: GraphqlContext,
  info: GraphQLResolveInfo,
  id: string,
): Promise<{ readonly id: string } | null> | null {
  const prefix = prefixOf(id);
  return isId(prefix as IdPrefix, id) ? (NODES.get(prefix)?.find(context, info, id) ?? null) : null;
}

/** Rows carry no type name; the prefix of their id identifies the type. */
export const NodeInterface = builder.interfaceRef<{ id: string }>('Node').implement({
  description: 'An object with an id that `Query.node` can find.',
  resolveType: (node) => typeOfId(node.id),
  fields: (t) => ({
    id: t.exposeID('id', {
      description: 'Opaque; its prefix identifies the type. Never changes and is never reused.',
    }),
  }),
});

function prefixOf(id: string): string {
  return id.slice(0, Math.max(0, id.indexOf('_')));
}
