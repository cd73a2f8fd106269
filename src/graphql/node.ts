import { builder } from './builder.js';

/** Which type an id names; the prefix says it. The feed adds its own for `evt`. */
const TYPE_OF_PREFIX = new Map<string, string>([
  ['task', 'Task'],
  ['run', 'TaskRun'],
  ['cmt', 'Comment'],
  ['rev', 'Review'],
  ['agt', 'Agent'],
  ['key', 'ApiKey'],
]);

/** The GraphQL type that an id belongs to, by its prefix; undefined for what is no id of ours. */
export function typeOfId(id: string): string | undefined {
  return TYPE_OF_PREFIX.get(id.slice(0, id.indexOf('_')));
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
