import {
  type ComplexityErrorFn,
  ComplexityErrorKind,
  type FieldComplexityFunction,
} from '@pothos/plugin-complexity';
import { type GraphQLSchema, isInterfaceType, isObjectType } from 'graphql';
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE } from '../../domain/page.js';
import type { GraphqlContext } from '../context.js';
import { queryTooComplex } from './protocol-errors.js';

/**
 * Depth and breadth bound what a document may say, complexity what it may cost: about one for each field of the answer,
 * lists counted by the page asked for. Fifty tasks with all that hangs on them pass, a board of seven columns twice;
 * two nested pages of the largest size do not. The whole of it takes the process about a quarter of a second.
 */
export const QUERY_LIMITS = { depth: 15, breadth: 400, complexity: 30_000 };

/** What a list is taken to hold where no argument says it. */
const UNPAGED_LIST = 10;

/**
 * A field costs 1 and, in a list, its selection costs once for each entry. The lists inside a connection are not
 * multiplied again: the connection's `first` or `last` has already been.
 */
export const weighField: FieldComplexityFunction<GraphqlContext, Record<string, unknown>> = (
  args,
  _context,
  field,
) => {
  const paged = field.args.some((arg) => arg.name === 'first');
  if (paged) return { field: 1, multiplier: pageSize(args.first, args.last) };
  return Array.isArray(args.ids) ? { field: 1, multiplier: args.ids.length } : fixedWeight(field);
};

function fixedWeight({ name, type }: { readonly name: string; readonly type: unknown }) {
  const isList = String(type).startsWith('[');
  const ofConnection = isList && (name === 'nodes' || name === 'edges');
  return { field: 1, multiplier: isList && !ofConnection ? UNPAGED_LIST : 1 };
}

/** Whether the argument says how much there will be of something. */
function isWeighed({ name }: { readonly name: string }): boolean {
  return name === 'first' || name === 'last' || name === 'ids';
}

/**
 * Replaces the function by what it says wherever no argument can change that, which is nearly everywhere: a claim spent
 * 20 µs on having the arguments of its fields read for nothing.
 */
export function weighFieldsOnce(schema: GraphQLSchema): GraphQLSchema {
  const fields = Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) || isInterfaceType(type))
    .flatMap((type) => Object.values(type.getFields()));
  for (const field of fields) {
    if (field.extensions.complexity !== weighField || field.args.some(isWeighed)) continue;
    field.extensions = { ...field.extensions, complexity: fixedWeight(field) };
  }
  return schema;
}

/** A size that will be refused is not held against the query: the refusal says more. */
function pageSize(first: unknown, last: unknown): number {
  const size = typeof first === 'number' ? first : last;
  return typeof size === 'number' && size >= 0 && size <= MAX_PAGE_SIZE ? size : DEFAULT_PAGE_SIZE;
}

/** Says what was too much and where the limit is. */
export const explainTooComplex: ComplexityErrorFn = (kind, result) => {
  const [what, is, limit] =
    kind === ComplexityErrorKind.Depth
      ? ['depth', result.depth, result.maxDepth]
      : kind === ComplexityErrorKind.Breadth
        ? ['breadth', result.breadth, result.maxBreadth]
        : ['complexity', result.complexity, result.maxComplexity];
  return queryTooComplex(
    `The query's ${what} is ${is}, the limit is ${limit}: ask for smaller pages or fewer fields.`,
  );
};
