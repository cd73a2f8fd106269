import { readFileSync } from 'node:fs';
import {
  buildSchema,
  type GraphQLField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';

/** The public schema as it is checked in. */
export const publicSchema: GraphQLSchema = buildSchema(
  readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8'),
);

export interface Call {
  readonly name: string;
  readonly document: string;
}

/** A value for a type that passes validation; `id` stands for every id and text. */
export type Values = Readonly<Partial<Record<string, string>>>;

/** One call of every mutation, with the arguments it needs and nothing more. */
export function listMutations(values: Values = {}): Call[] {
  return callsOf(publicSchema.getMutationType()?.getFields() ?? {}, 'mutation', values);
}

/** One call of every query, the same way. */
export function listQueries(values: Values = {}): Call[] {
  return callsOf(publicSchema.getQueryType()?.getFields() ?? {}, 'query', values);
}

function callsOf(
  fields: Readonly<Record<string, GraphQLField<unknown, unknown>>>,
  operation: string,
  values: Values,
): Call[] {
  return Object.values(fields).map((field) => {
    const given = field.args
      .filter(isRequiredArgument)
      .map(({ name, type }) => `${name}: ${sampleOf(type, values)}`);
    const args = given.length > 0 ? `(${given.join(', ')})` : '';
    const selection = isLeafType(getNamedType(field.type)) ? '' : '{ __typename }';
    return { name: field.name, document: `${operation} { ${field.name}${args} ${selection} }` };
  });
}

function sampleOf(type: GraphQLInputType, values: Values): string {
  if (isNonNullType(type)) return sampleOf(type.ofType, values);
  if (isListType(type)) return `[${sampleOf(type.ofType, values)}]`;
  if (isEnumType(type)) return type.getValues()[0]?.name ?? '';
  if (isInputObjectType(type)) return objectOf(type, values);
  return values[type.name] ?? scalarSamples[type.name] ?? '"x"';
}

const scalarSamples: Values = {
  Int: '1',
  Float: '1',
  Boolean: 'true',
  JSONObject: '{}',
  Duration: '"PT10M"',
};

function objectOf(type: GraphQLInputObjectType, values: Values): string {
  const fields = Object.values(type.getFields());
  const given = type.isOneOf ? fields.slice(0, 1) : fields.filter(isRequiredInputField);
  return `{ ${given.map(({ name, type: inner }) => `${name}: ${sampleOf(inner, values)}`).join(', ')} }`;
}
