import {
  type ASTNode,
  BREAK,
  type DocumentNode,
  GraphQLError,
  type GraphQLInputObjectType,
  type GraphQLScalarType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isRequiredInputField,
  isScalarType,
  Kind,
  TypeInfo,
  type ValueNode,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { placesOf } from '../protocol-error.js';

const VALUE_KINDS: ReadonlySet<string> = new Set([
  Kind.STRING,
  Kind.INT,
  Kind.FLOAT,
  Kind.BOOLEAN,
  Kind.ENUM,
  Kind.NULL,
  Kind.LIST,
  Kind.OBJECT,
]);

/**
 * Errors about values of the caller, with what graphql-js leaves out: the argument or field that a value of the document is
 * for (for variables it says so itself), the values of an enum, and what an input object looks like.
 */
export function explainInputs(
  errors: readonly Error[],
  schema: GraphQLSchema,
  document: DocumentNode,
): Error[] {
  const located = new Set<ASTNode>();
  return errors.map((error) => {
    if (!(error instanceof GraphQLError)) return error;
    const node = error.nodes?.[0] ?? findRefusedScalar(error, schema, document, located);
    return node === undefined ? error : explain(error, node, schema, document);
  });
}

function explain(
  error: GraphQLError,
  node: ASTNode,
  schema: GraphQLSchema,
  document: DocumentNode,
): GraphQLError {
  const place = VALUE_KINDS.has(node.kind) ? findPlace(document, node) : null;
  const isAboutInput = place !== null || node.kind === Kind.VARIABLE_DEFINITION;
  const hint = isAboutInput ? describeType(error.message, schema) : null;
  if (place === null && hint === null) return error;
  const message = `${place === null ? '' : `At "${place}": `}${error.message}${hint === null ? '' : ` ${hint}`}`;
  const { extensions } = error;
  return new GraphQLError(message, { ...placesOf(error), nodes: error.nodes ?? [node], extensions });
}

/**
 * The value that a scalar of ours has refused: graphql-js reports the GraphQLError of a scalar as it is, without the place.
 * Of several values that are refused with the same words, each error gets another one.
 */
function findRefusedScalar(
  { message, positions }: GraphQLError,
  schema: GraphQLSchema,
  document: DocumentNode,
  located: Set<ASTNode>,
): ASTNode | undefined {
  if (positions !== undefined) return undefined;
  const types = new TypeInfo(schema);
  let found: ASTNode | undefined;
  visit(
    document,
    visitWithTypeInfo(types, {
      enter(node) {
        const type = getNamedType(types.getInputType());
        if (!VALUE_KINDS.has(node.kind) || !isScalarType(type) || located.has(node)) return undefined;
        if (refusalOf(type, node as ValueNode) !== message) return undefined;
        found = node;
        return BREAK;
      },
    }),
  );
  if (found !== undefined) located.add(found);
  return found;
}

function refusalOf(type: GraphQLScalarType, value: ValueNode): string | null {
  try {
    type.parseLiteral(value);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : null;
  }
}

/** The names of the arguments and fields around a value, from the outside in: `input.dueAt`. */
function findPlace(document: DocumentNode, value: ASTNode): string | null {
  let place: string | null = null;
  visit(document, {
    enter(node, _key, parent, _path, ancestors) {
      if (node !== value) return undefined;
      place = [...ancestors, parent]
        .filter((each) => each !== undefined && 'kind' in each)
        .filter((each) => each.kind === Kind.ARGUMENT || each.kind === Kind.OBJECT_FIELD)
        .map((each) => each.name.value)
        .join('.');
      return BREAK;
    },
  });
  return place === '' ? null : place;
}

/** How messages of graphql-js name the type that was expected, the surest first. */
const TYPE_NAMES = [/expecting type "\[?(\w+)/, /in "(\w+)" enum/, /Enum "(\w+)"/, /[tT]ype "\[?(\w+)/];

/** What values the type has that a message of graphql-js names. */
function describeType(message: string, schema: GraphQLSchema): string | null {
  const name = TYPE_NAMES.map((pattern) => pattern.exec(message)?.[1]).find((each) => each !== undefined);
  const type = name === undefined ? undefined : schema.getType(name);
  if (isEnumType(type))
    return `It is one of ${type
      .getValues()
      .map((each) => each.name)
      .join(', ')}.`;
  return isInputObjectType(type) ? describeObject(type) : null;
}

function describeObject(type: GraphQLInputObjectType): string {
  const fields = Object.values(type.getFields());
  if (type.isOneOf) return `Write ${fields.map(({ name }) => `{${name}: …}`).join(' or ')}.`;
  const required = fields.filter(isRequiredInputField).map(({ name }) => `${name}: …`);
  return required.length === 0 ? 'Write an object: {…}.' : `Write an object: {${required.join(', ')}}.`;
}
