import { type FieldNode, type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql';

const SELECTED = new WeakMap<object, Map<string, ReadonlySet<string>>>();

/**
 * The names of the fields that the document selects under the field being resolved, at the end of any of the paths.
 * Directives and type conditions are ignored: an extra name costs one column, a missing name would break the answer.
 * Parsed documents are cached, so this is computed once per place in a document. Merged selections are computed for
 * each execution, because the same selection may be merged with others at another place or with other variables.
 */
export function selectedFields(
  info: Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>,
  paths: readonly (readonly string[])[] = [[]],
): ReadonlySet<string> {
  const place = placeOf(info.fieldNodes);
  const key = paths.map((path) => path.join('.')).join();
  let remembered = SELECTED.get(place);
  if (remembered === undefined) {
    remembered = new Map();
    SELECTED.set(place, remembered);
  }
  let names = remembered.get(key);
  if (names === undefined) {
    names = new Set(paths.flatMap((path) => namesAt(info, path)));
    remembered.set(key, names);
  }
  return names;
}

/** A cache key: graphql shares one `fieldNodes` array among the entries of a list, but creates it per execution. */
function placeOf(fieldNodes: readonly FieldNode[]): object {
  const [first, ...others] = fieldNodes;
  return first !== undefined && others.length === 0 ? first : fieldNodes;
}

function namesAt(
  info: Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>,
  path: readonly string[],
): string[] {
  let fields: readonly FieldNode[] = info.fieldNodes;
  for (const step of path)
    fields = childFields(fields, info.fragments).filter((field) => field.name.value === step);
  return childFields(fields, info.fragments).map((field) => field.name.value);
}

function childFields(fields: readonly FieldNode[], fragments: GraphQLResolveInfo['fragments']): FieldNode[] {
  const children: FieldNode[] = [];
  const entered = new Set<SelectionSetNode>();

  function enter(set: SelectionSetNode | undefined): void {
    if (set === undefined || entered.has(set)) return;
    entered.add(set);
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) children.push(selection);
      else if (selection.kind === Kind.INLINE_FRAGMENT) enter(selection.selectionSet);
      else enter(fragments[selection.name.value]?.selectionSet);
    }
  }

  for (const field of fields) enter(field.selectionSet);
  return children;
}
