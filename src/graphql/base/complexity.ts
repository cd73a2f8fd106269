import {
  type ComplexityErrorFn,
  ComplexityErrorKind,
  complexityFromQuery,
  type FieldComplexityFunction,
} from '@pothos/plugin-complexity';
import {
  type DocumentNode,
  type GraphQLArgument,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
} from 'graphql';
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE } from '../../domain/page.js';
import { type PricedFilter, priceOfFilter } from '../../domain/tasks/filter-price.js';
import type { GraphqlContext } from '../context.js';
import { queryTooComplex } from './protocol-errors.js';

/**
 * Depth and breadth limit the document, complexity limits the answer: about one per field, lists counted by the
 * requested page size. Fifty tasks with all their child lists pass, and a board of seven columns passes twice; two nested
 * pages of the largest size do not. An answer at the limit takes the process about a quarter of a second.
 */
export const QUERY_LIMITS = { depth: 15, breadth: 400, complexity: 30_000 };

/** The assumed length of a list without a size argument. */
const UNPAGED_LIST = 10;

/**
 * The complexity of the lists without pages that can be long: dependencies (at most 100), dependents, and the steps and tasks
 * of pipelines (at most 1,000). They count for more entries than they usually have. Their maximum would refuse a page of
 * tasks with their dependencies; the budget of the operation stops what is larger (operation-budget.ts).
 */
export const LONG_LISTS = {
  links: { field: 1, multiplier: 20 },
  pipeline: { field: 1, multiplier: 100 },
} as const;

type WeighField = FieldComplexityFunction<GraphqlContext, Record<string, unknown>>;

/**
 * A field costs 1 and the price of its filter; the selection of a list costs once per entry. `nodes` and `edges` do not
 * multiply again, because the connection's `first` or `last` already did.
 */
export const weighField: WeighField = (args, _context, field) => {
  const own = 1 + priceIn(args);
  const paged = field.args.some((arg) => arg.name === 'first');
  if (paged) return { field: own, multiplier: pageSize(args.first, args.last) };
  if (Array.isArray(args.ids)) return { field: own, multiplier: args.ids.length };
  return { ...fixedWeight(field), field: own };
};

/**
 * As {@link weighField} for a list of each parent. One statement reads the lists of all parents and examines each row once,
 * so the price of the filter is not that of a list of its own.
 */
export const weighChildList: WeighField = (args) => ({
  field: 1 + Math.ceil(priceIn(args) / 10),
  multiplier: pageSize(args.first, args.last),
});

/** The price of the filter in the arguments of a field, or in its input. */
function priceIn({ filter, input }: Record<string, unknown>): number {
  const found = filter ?? (isRecord(input) ? input.filter : undefined);
  return isRecord(found) ? priceOfFilter(found as PricedFilter) : 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function fixedWeight({ name, type }: { readonly name: string; readonly type: unknown }) {
  const isList = String(type).startsWith('[');
  const ofConnection = isList && (name === 'nodes' || name === 'edges');
  return { field: 1, multiplier: isList && !ofConnection ? UNPAGED_LIST : 1 };
}

/** Whether the argument sets the number of entries, or is or has a filter. */
function isWeighed({ name, type }: GraphQLArgument): boolean {
  if (['first', 'last', 'ids', 'filter'].includes(name)) return true;
  const named = getNamedType(type);
  return name === 'input' && isInputObjectType(named) && 'filter' in named.getFields();
}

/**
 * Replaces the function by its constant result on fields without such an argument, which are nearly all. Reading the
 * arguments of its fields needlessly cost a claim 20 µs.
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

/** An invalid size counts as the default: the refusal of that size is the more helpful error. */
function pageSize(first: unknown, last: unknown): number {
  const size = typeof first === 'number' ? first : last;
  return typeof size === 'number' && size >= 0 && size <= MAX_PAGE_SIZE ? size : DEFAULT_PAGE_SIZE;
}

/** Names the exceeded measure, its value and its limit. */
export const explainTooComplex: ComplexityErrorFn = (kind, result) => {
  const [what, is, limit] =
    kind === ComplexityErrorKind.Depth
      ? ['depth', result.depth, result.maxDepth]
      : kind === ComplexityErrorKind.Breadth
        ? ['breadth', result.breadth, result.maxBreadth]
        : ['complexity', result.complexity, result.maxComplexity];
  return queryTooComplex(
    `The query's ${what} is ${is}, the limit is ${limit}: ask for smaller pages, fewer fields or fewer searches.`,
  );
};

/** What an operation costs, and how much it may cost. */
export interface QueryCost {
  readonly complexity: number;
  readonly depth: number;
  readonly breadth: number;
  readonly limits: typeof QUERY_LIMITS;
}

/** The cost of one operation of a valid document, by the rules that limit it. Variables that are refused cost nothing. */
export function costOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Record<string, unknown> = {},
): QueryCost | undefined {
  const others = document.definitions.filter(({ kind }) => kind !== Kind.OPERATION_DEFINITION);
  const alone = { ...document, definitions: [operation, ...others] };
  try {
    const { complexity, depth, breadth } = complexityFromQuery(alone, { schema, variables });
    return { complexity, depth, breadth, limits: QUERY_LIMITS };
  } catch {
    return undefined;
  }
}
