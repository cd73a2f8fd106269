import { type DocumentNode, Kind, type SelectionNode, type SelectionSetNode } from 'graphql';

/** The size of a document, where each use of a fragment counts as if its fields were written out. */
export interface Extent {
  readonly depth: number;
  readonly introspectionDepth: number;
  readonly fields: number;
  /** How often the whole schema is selected. */
  readonly schemas: number;
  readonly aliases: number;
  readonly directives: number;
}

const nothing: Extent = { depth: 0, introspectionDepth: 0, fields: 0, schemas: 0, aliases: 0, directives: 0 };

/** The sizes of a document's fragments. */
export interface FragmentExtents {
  find(name: string): Extent;
  /** Counts the fields of a selection set and of its fragments, without nested fields. */
  countFields(selectionSet: SelectionSetNode): number;
}

/**
 * Measures each fragment once, even if it is used many times: a chain of fragments in which each uses the next one twice
 * describes 2ⁿ fields. A fragment inside itself counts as empty here; validation refuses it.
 */
export function createFragmentExtents(document: DocumentNode): FragmentExtents {
  const bodies = new Map<string, SelectionSetNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION)
      bodies.set(definition.name.value, definition.selectionSet);
  }
  const extents: FragmentExtents = {
    find: measureOnce(bodies, nothing, (body) => extentOf(body, extents)),
    countFields: (selectionSet) =>
      selectionSet.selections.reduce((sum, selection) => sum + countOne(selection), 0),
  };
  const countFragment = measureOnce(bodies, 0, extents.countFields);
  function countOne(selection: SelectionNode): number {
    if (selection.kind === Kind.FIELD) return 1;
    if (selection.kind === Kind.FRAGMENT_SPREAD) return countFragment(selection.name.value);
    return extents.countFields(selection.selectionSet);
  }
  return extents;
}

function measureOnce<T>(
  bodies: ReadonlyMap<string, SelectionSetNode>,
  none: T,
  measure: (body: SelectionSetNode) => T,
): (name: string) => T {
  const known = new Map<string, T>();
  return (name) => {
    const found = known.get(name);
    if (found !== undefined) return found;
    known.set(name, none);
    const body = bodies.get(name);
    const measured = body ? measure(body) : none;
    known.set(name, measured);
    return measured;
  };
}

/** Measures a selection set with its nested fields. */
export function extentOf(selectionSet: SelectionSetNode, fragments: FragmentExtents): Extent {
  return selectionSet.selections
    .map((selection) => selectionExtent(selection, fragments))
    .reduce(add, nothing);
}

function selectionExtent(selection: SelectionNode, fragments: FragmentExtents): Extent {
  const inner = innerExtent(selection, fragments);
  const directives = inner.directives + (selection.directives?.length ?? 0);
  if (selection.kind !== Kind.FIELD) return { ...inner, directives };
  const isIntrospection = selection.name.value === '__schema' || selection.name.value === '__type';
  return {
    depth: isIntrospection ? 1 : inner.depth + 1,
    introspectionDepth: isIntrospection ? inner.depth + 1 : inner.introspectionDepth,
    fields: inner.fields + 1,
    schemas: inner.schemas + (selection.name.value === '__schema' ? 1 : 0),
    aliases: inner.aliases + (selection.alias ? 1 : 0),
    directives,
  };
}

function innerExtent(selection: SelectionNode, fragments: FragmentExtents): Extent {
  if (selection.kind === Kind.FRAGMENT_SPREAD) return fragments.find(selection.name.value);
  return selection.selectionSet ? extentOf(selection.selectionSet, fragments) : nothing;
}

function add(sum: Extent, extent: Extent): Extent {
  return {
    depth: Math.max(sum.depth, extent.depth),
    introspectionDepth: Math.max(sum.introspectionDepth, extent.introspectionDepth),
    fields: sum.fields + extent.fields,
    schemas: sum.schemas + extent.schemas,
    aliases: sum.aliases + extent.aliases,
    directives: sum.directives + extent.directives,
  };
}
