import { readFileSync } from 'node:fs';
import {
  buildSchema,
  type GraphQLField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';

/** The public schema from the repository. */
const publicSchema: GraphQLSchema = buildSchema(
  readFileSync(new URL('../../../schema/schema.graphql', import.meta.url), 'utf8'),
);

export interface Call {
  readonly name: string;
  readonly document: string;
}

/** The literal to use for each scalar type. */
export type Values = Readonly<Partial<Record<string, string>>>;

/** Which arguments and input fields are given: only the required ones, or all. */
export type Extent = 'required' | 'all';

/** One call of every mutation. */
export function listMutations(values: Values = {}, extent: Extent = 'required'): Call[] {
  return callsOf('mutation', publicSchema.getMutationType()?.getFields() ?? {}, values, extent);
}

/** One call of every query. */
export function listQueries(values: Values = {}, extent: Extent = 'required'): Call[] {
  return callsOf('query', publicSchema.getQueryType()?.getFields() ?? {}, values, extent);
}

function callsOf(
  operation: string,
  fields: Readonly<Record<string, GraphQLField<unknown, unknown>>>,
  values: Values,
  extent: Extent,
): Call[] {
  return Object.values(fields).map((field) => {
    const wanted = extent === 'all' ? field.args : field.args.filter(isRequiredArgument);
    const given = wanted.map(({ name, type }) => `${name}: ${sampleOf(type, values, extent, 0)}`);
    const args = given.length > 0 ? `(${given.join(', ')})` : '';
    return { name: field.name, document: `${operation} { ${field.name}${args} ${selectionOf(field.type)} }` };
  });
}

function selectionOf(outputType: GraphQLOutputType): string {
  const type = getNamedType(outputType);
  if (isLeafType(type)) return '';
  const hasErrors = isObjectType(type) && 'errors' in type.getFields();
  return hasErrors ? '{ __typename errors { code message path } }' : '{ __typename }';
}

function sampleOf(type: GraphQLInputType, values: Values, extent: Extent, depth: number): string {
  if (isNonNullType(type)) return sampleOf(type.ofType, values, extent, depth);
  if (isListType(type)) return `[${sampleOf(type.ofType, values, extent, depth)}]`;
  if (isEnumType(type)) return type.getValues()[0]?.name ?? '';
  if (isInputObjectType(type)) return objectOf(type, values, extent, depth);
  return values[type.name] ?? scalarSamples[type.name] ?? '"x"';
}

const scalarSamples: Values = {
  ...{ Int: '1', Float: '1', Boolean: 'true', JSONObject: '{}', Duration: '"PT10M"' },
  DateTime: '"2099-01-01T00:00:00Z"',
};

function objectOf(type: GraphQLInputObjectType, values: Values, extent: Extent, depth: number): string {
  const fields = Object.values(type.getFields());
  // Filters contain filters, so optional fields are given only at the outer levels.
  const wanted = extent === 'all' && depth < 2 ? fields : fields.filter(isRequiredInputField);
  const given = type.isOneOf ? fields.slice(0, 1) : wanted;
  return `{ ${given.map(({ name, type: inner }) => `${name}: ${sampleOf(inner, values, extent, depth + 1)}`).join(', ')} }`;
}
