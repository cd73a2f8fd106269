import type { GraphQLResolveInfo } from 'graphql';
import { type IdPrefix, isId } from '../../kernel/ids.js';
import { builder } from '../builder.js';
import type { GraphqlContext } from '../context.js';

/** Finds what an id names, if it is there and the viewer may see it. */
type FindNode = (
  context: GraphqlContext,
  info: GraphQLResolveInfo,
  id: string,
) => Promise<{ readonly id: string } | null>;

const NODES = new Map<string, { readonly type: string; readonly find: FindNode }>();

/** Each noun says, beside its type, by which prefix its ids are known and how one is found. */
export function registerNode(prefix: IdPrefix, type: string, find: FindNode): void {
  NODES.set(prefix, { type, find });
}

/** The GraphQL type that an id belongs to, by its prefix; undefined for what is no id of ours. */
export function typeOfId(id: string): string | undefined {
  return NODES.get(prefixOf(id))?.type;
}

/** What the id names; null for what is no id, not there or not for this viewer: nobody can tell which. */
export function findNode(
  context: GraphqlContext,
  info: GraphQLResolveInfo,
  id: string,
): Promise<{ readonly id: string } | null> | null {
  const prefix = prefixOf(id);
  return isId(prefix as IdPrefix, id) ? (NODES.get(prefix)?.find(context, info, id) ?? null) : null;
}

/** Rows carry no type name, wherever they come from: their id tells. */
export const NodeInterface = builder.interfaceRef<{ id: string }>('Node').implement({
  description: 'Anything with an id of its own, which `Query.node` finds.',
  resolveType: (node) => typeOfId(node.id),
  fields: (t) => ({
    id: t.exposeID('id', {
      description: 'Opaque; its prefix tells the type. Never changes and is never used again.',
    }),
  }),
});

function prefixOf(id: string): string {
  return id.slice(0, Math.max(0, id.indexOf('_')));
}
