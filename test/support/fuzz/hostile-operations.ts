import {
  type GraphQLArgument,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isRequiredArgument,
} from 'graphql';
import { hostileValue, type Making } from './hostile-values.js';

/** A valid document, and variables that may be anything. */
export interface HostileOperation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

const DEEPEST = 3;
const WORDS = ['query', 'query', 'mutation', 'mutation', 'subscription'] as const;

/** An operation of the schema with one to three root fields, whose arguments are variables with hostile values. */
export function hostileOperation(making: Making, schema: GraphQLSchema): HostileOperation {
  const { pick } = making;
  const word = pick(WORDS);
  const root = {
    query: schema.getQueryType(),
    mutation: schema.getMutationType(),
    subscription: schema.getSubscriptionType(),
  }[word]!;
  const declared: string[] = [];
  const variables: Record<string, unknown> = {};
  const pass = (args: readonly GraphQLArgument[]) => {
    const given = args.filter((arg) => isRequiredArgument(arg) || pick([true, false]));
    const passed = given.map((arg) => {
      const name = `v${declared.length}`;
      declared.push(`$${name}: ${arg.type}`);
      variables[name] = hostileValue(making, arg.type, arg.name);
      return `${arg.name}: $${name}`;
    });
    return passed.length > 0 ? `(${passed.join(', ')})` : '';
  };
  const fields = Object.values(root.getFields());
  const count = word === 'subscription' ? 1 : pick([1, 1, 2, 3]);
  const selected = Array.from({ length: count }, (_, index) => {
    const field = pick(fields);
    return `r${index}: ${field.name}${pass(field.args)} ${selection(making, schema, field.type, pass, 0)}`;
  });
  const head = declared.length > 0 ? `(${declared.join(', ')})` : '';
  return { query: `${word} ${head} { ${selected.join(' ')} }`, variables };
}

function selection(
  making: Making,
  schema: GraphQLSchema,
  type: GraphQLOutputType,
  pass: (args: readonly GraphQLArgument[]) => string,
  depth: number,
): string {
  const named = getNamedType(type);
  if (!isCompositeType(named)) return '';
  const { pick } = making;
  const parts = ['__typename'];
  const usable = 'getFields' in named ? Object.values(named.getFields()) : [];
  const reachable = usable.filter((field) => depth < DEEPEST || !isCompositeType(getNamedType(field.type)));
  for (let count = pick([1, 2, 3]); count > 0 && reachable.length > 0; count -= 1) {
    const field = pick(reachable);
    const inner = selection(making, schema, field.type, pass, depth + 1);
    parts.push(`f${parts.length}: ${field.name}${pass(field.args)} ${inner}`);
  }
  if (isAbstractType(named) && depth < DEEPEST) {
    const one = pick(schema.getPossibleTypes(named));
    parts.push(`... on ${one.name} ${selection(making, schema, one, pass, depth + 1)}`);
  }
  return `{ ${parts.join(' ')} }`;
}
