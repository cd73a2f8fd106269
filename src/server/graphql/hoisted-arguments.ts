import {
  type ArgumentNode,
  type DocumentNode,
  type GraphQLInputType,
  type GraphQLSchema,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
  TypeInfo,
  type ValueNode,
  type VariableDefinitionNode,
  valueFromAST,
  visit,
  visitWithTypeInfo,
} from 'graphql';

type Values = Record<string, unknown>;

/** A document in which every argument is a variable of its own. */
export interface HoistedArguments {
  readonly document: DocumentNode;
  /**
   * The values of those variables for the variables that a caller sent, by graphql-js's own rules. Undefined if
   * graphql-js refuses one of them.
   */
  coerce(variables: Readonly<Values>): Values | undefined;
}

interface Argument {
  readonly name: string;
  readonly value: ValueNode;
  readonly type: GraphQLInputType;
}

/**
 * Moves the arguments of one operation out of its document. Code that is generated from the new document contains no
 * text of the caller but names, and graphql-js alone decides which inputs are valid.
 *
 * @param inputType - the name of the type that the new variables are declared with.
 */
export function hoistArguments(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  inputType: string,
): HoistedArguments {
  const found: Argument[] = [];
  const types = new TypeInfo(schema);
  const rewritten = visit(
    document,
    visitWithTypeInfo(types, {
      Argument(node): ArgumentNode | undefined {
        const type = types.getArgument()?.type;
        // A document that has passed validation has no unknown arguments.
        if (!type) return undefined;
        const name = `a${found.length}`;
        found.push({ name, value: node.value, type });
        return { ...node, value: variableNode(name) };
      },
    }),
  );
  const definitions = found.map(({ name }) => definitionNode(name, inputType));
  return {
    document: declare(rewritten, operation, definitions),
    coerce(variables) {
      const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
      return coerced && coerceAll(found, coerced);
    },
  };
}

function coerceAll(found: readonly Argument[], coerced: Values): Values | undefined {
  const values: Values = {};
  for (const { name, value, type } of found) {
    const result = coerceOne(value, type, coerced);
    if (result === invalid) return undefined;
    if (result !== leftOut) values[name] = result;
  }
  return values;
}

const invalid = Symbol('invalid');
const leftOut = Symbol('left out');

/** A variable that was not sent leaves its argument out, so that the argument's default applies. */
function coerceOne(node: ValueNode, type: GraphQLInputType, coerced: Values): unknown {
  if (node.kind === Kind.VARIABLE) {
    const { value: name } = node.name;
    return Object.hasOwn(coerced, name) ? coerced[name] : leftOut;
  }
  const value: unknown = valueFromAST(node, type, coerced);
  return value === undefined ? invalid : value;
}

function declare(
  document: DocumentNode,
  { name }: OperationDefinitionNode,
  variableDefinitions: readonly VariableDefinitionNode[],
): DocumentNode {
  const definitions = document.definitions.map((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION && definition.name?.value === name?.value
      ? { ...definition, variableDefinitions }
      : definition,
  );
  return { ...document, definitions };
}

function variableNode(name: string) {
  return { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: name } } as const;
}

function definitionNode(name: string, type: string): VariableDefinitionNode {
  return {
    kind: Kind.VARIABLE_DEFINITION,
    variable: variableNode(name),
    type: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: type } },
  };
}
