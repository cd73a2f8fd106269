import {
  type DocumentNode,
  type FieldNode,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isEnumType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { LIMITS } from '../../domain/limits.js';

/** A name of an agent, of an enum value and of a time zone, an instant and a number are shorter. */
const SHORT = 64;

/** The longest values of scalars, in UTF-16 units. */
const SCALARS: Readonly<Record<string, number>> = {
  ...{ Boolean: SHORT, Int: SHORT, Float: SHORT, DateTime: SHORT, Duration: SHORT, TimeZone: SHORT },
  ID: LIMITS.idLength,
  Cursor: 1_000,
};

/** A control character takes six characters in JSON. */
const LONGEST_ESCAPE = 6;

const WORDS = LIMITS.tags * LIMITS.tagLength;

/** The longest texts of the fields that most lists and claims select. */
const TEXTS: Readonly<Record<string, number>> = {
  'Actor.displayName': SHORT,
  'Agent.capabilities': LIMITS.capabilities * LIMITS.tagLength,
  'Agent.displayName': SHORT,
  'Agent.name': SHORT,
  'Agent.role': SHORT,
  'Task.description': LIMITS.descriptionLength,
  'Task.ref': SHORT,
  'Task.requires': LIMITS.capabilities * LIMITS.tagLength,
  'Task.resolution': LIMITS.resolutionLength,
  'Task.tags': WORDS,
  'Task.title': LIMITS.titleLength,
};

/** Every other text, such as a prompt, and every other list of values. */
const LONG = 1_000_000;

/** What a field takes in addition to its name and its value. */
const OVERHEAD = 16;

/** Parsed documents are cached, so each is measured once. */
const MEASURED = new WeakMap<DocumentNode, number>();

/**
 * The most characters that one answer to a document has, if no list of objects has an entry; and that each further entry
 * adds at most. It saves measuring most answers, which takes 7 % of the time of a list of 50 tasks. Infinity for a document
 * with introspection, because the entries of its lists are not counted.
 */
export function lengthPerEntry(schema: GraphQLSchema, document: DocumentNode): number {
  let length = MEASURED.get(document);
  if (length === undefined) {
    length = measure(schema, document);
    MEASURED.set(document, length);
  }
  return length;
}

function measure(schema: GraphQLSchema, document: DocumentNode): number {
  /** The lengths of fragments, each measured once. Validation refuses fragments that contain themselves. */
  const fragments = new Map<string, number>();

  function ofSet(type: string | undefined, { selections }: SelectionSetNode): number {
    return selections.reduce((sum, selection) => sum + ofSelection(type, selection), 0);
  }

  function ofSelection(type: string | undefined, selection: SelectionNode): number {
    if (selection.kind === Kind.FIELD) return ofField(type, selection);
    if (selection.kind === Kind.FRAGMENT_SPREAD) return ofFragment(selection.name.value);
    return ofSet(selection.typeCondition?.name.value ?? type, selection.selectionSet);
  }

  function ofFragment(name: string): number {
    const known = fragments.get(name);
    if (known !== undefined) return known;
    const length = document.definitions.reduce(
      (sum, each) =>
        each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === name
          ? sum + ofSet(each.typeCondition.name.value, each.selectionSet)
          : sum,
      0,
    );
    fragments.set(name, length);
    return length;
  }

  function ofField(parent: string | undefined, { name, alias, selectionSet }: FieldNode): number {
    if (name.value === '__schema' || name.value === '__type') return Number.POSITIVE_INFINITY;
    const own = (alias ?? name).value.length + OVERHEAD;
    if (name.value === '__typename') return own + SHORT;
    const type = typeOf(schema, parent, name.value);
    if (selectionSet !== undefined) return own + ofSet(type && getNamedType(type).name, selectionSet);
    return own + lengthOfLeaf(type, `${parent}.${name.value}`);
  }

  return document.definitions.reduce((sum, definition) => {
    if (definition.kind !== Kind.OPERATION_DEFINITION) return sum;
    return sum + ofSet(schema.getRootType(definition.operation)?.name, definition.selectionSet);
  }, 0);
}

function typeOf(schema: GraphQLSchema, parent = '', field: string): GraphQLOutputType | undefined {
  const type = schema.getType(parent);
  return isObjectType(type) || isInterfaceType(type) ? type.getFields()[field]?.type : undefined;
}

function lengthOfLeaf(type: GraphQLOutputType | undefined, field: string): number {
  const known = TEXTS[field];
  if (known !== undefined) return LONGEST_ESCAPE * known;
  if (type === undefined) return LONG;
  const named = getNamedType(type);
  if (isListType(getNullableType(type)) || isCompositeType(named)) return LONG;
  return isEnumType(named) ? SHORT : (SCALARS[named.name] ?? LONG);
}
