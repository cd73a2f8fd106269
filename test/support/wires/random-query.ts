import fc from 'fast-check';
import {
  type GraphQLField,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  isRequiredArgument,
} from 'graphql';

/** The values and limits of random queries. */
export interface Vocabulary {
  /** Possible values by argument name. Other arguments are omitted. */
  readonly values: Readonly<Record<string, readonly string[]>>;
  /** Fields that are never selected. */
  readonly avoided: ReadonlySet<string>;
}

const NO_DIRECTIVES = [''];
const DIRECTIVES = ['', '', '', '@include(if: $yes)', '@skip(if: $yes)', '@include(if: $no)'];

interface Making extends Vocabulary {
  readonly directives: readonly string[];
  readonly schema: GraphQLSchema;
  readonly pick: <T>(choices: readonly T[]) => T;
}

const DEEPEST = 4;

/** Generates random queries of the schema, with aliases, arguments, fragments on interfaces and directives. */
export function randomQuery(schema: GraphQLSchema, vocabulary: Vocabulary): fc.Arbitrary<string> {
  return fc.gen().map((generate) => {
    const pick = <T>(choices: readonly T[]): T => choices[generate(fc.nat, choices.length - 1)]!;
    // Most queries have no directives, because a query with directives is never compiled.
    const directives = pick([NO_DIRECTIVES, NO_DIRECTIVES, DIRECTIVES]);
    const making = { ...vocabulary, schema, pick, directives };
    const query = schema.getQueryType()!;
    const asked = selection(making, query, 0);
    if (directives === NO_DIRECTIVES) return asked;
    const used = 'yes: __typename @include(if: $yes) no: __typename @skip(if: $no)';
    return `query ($yes: Boolean = true, $no: Boolean = false) { ${used} ... on Query ${asked} }`;
  });
}

function selection(making: Making, type: GraphQLOutputType, depth: number): string {
  const { schema, pick } = making;
  const named = getNamedType(type);
  if (!isCompositeType(named)) return '';
  const fields = 'getFields' in named ? Object.values(named.getFields()) : [];
  const usable = fields.filter((field) => isUsable(making, field, depth));
  const parts = ['__typename'];
  for (let count = pick([1, 2, 3, 4]); count > 0 && usable.length > 0; count -= 1)
    parts.push(fieldText(making, pick(usable), depth));
  if (isInterfaceType(named) && depth < DEEPEST) {
    const types = schema.getPossibleTypes(named).filter(isObjectType);
    const one = pick(types);
    parts.push(`... on ${one.name} ${selection(making, one, depth + 1)}`);
  }
  return `{ ${parts.join(' ')} }`;
}

function isUsable(
  { values, avoided }: Making,
  field: GraphQLField<unknown, unknown>,
  depth: number,
): boolean {
  if (avoided.has(field.name) || (depth >= DEEPEST && isCompositeType(getNamedType(field.type))))
    return false;
  return field.args.filter(isRequiredArgument).every((arg) => values[arg.name] !== undefined);
}

function fieldText(making: Making, field: GraphQLField<unknown, unknown>, depth: number): string {
  const { pick, values, directives } = making;
  const given = field.args
    .filter((arg) => values[arg.name] !== undefined && (isRequiredArgument(arg) || pick([true, false])))
    .map((arg) => `${arg.name}: ${pick(values[arg.name]!)}`);
  const args = given.length > 0 ? `(${given.join(', ')})` : '';
  // The alias contains the arguments, so that two selections of one field never conflict.
  const name = `f${Buffer.from(`${field.name}${args}`).toString('hex')}`;
  return `${name}: ${field.name}${args} ${pick(directives)} ${selection(making, field.type, depth + 1)}`;
}
