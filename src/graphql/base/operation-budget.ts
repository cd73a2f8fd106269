import {
  defaultFieldResolver,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isInterfaceType,
  isIntrospectionType,
  isListType,
  isObjectType,
} from 'graphql';
import { measureText } from '../../kernel/text-size.js';
import type { GraphqlContext, Spent } from '../context.js';
import { queryTooComplex } from './protocol-errors.js';

/**
 * What one operation may use while it runs, independent of its complexity. The complexity is an estimate from the document:
 * lists without pages may hold a thousand entries, and nested ones multiply. 50,000 objects take a quarter of a second.
 */
export const OPERATION_BUDGET = {
  /** Entries of lists of objects. */
  objects: 50_000,
  /** Length of the texts that are loaded, in UTF-16 units. */
  textLength: 33_554_432,
  /** Duration of a query from its first list or other costly field. Mutations may wait for a task, and subscriptions for an event. */
  durationMs: 10_000,
};

function spentBy(context: GraphqlContext): Spent {
  context.spent ??= { objects: 0, textLength: 0, startedAtMs: context.services.clock.now() };
  return context.spent;
}

/**
 * Counts what an operation has loaded.
 * @throws QUERY_TOO_COMPLEX above the budget, then and each time after that.
 */
export function spendText(context: GraphqlContext, loaded: unknown): void {
  const isMeasured = typeof loaded === 'object' && loaded !== null;
  spendLength(context, isMeasured ? measureText(loaded, OPERATION_BUDGET.textLength) : 0);
}

/**
 * Counts the entries of a list whose text has been measured, for a field with {@link SPENDS_ITSELF}.
 * @throws QUERY_TOO_COMPLEX above the budget.
 */
export function spendList(
  context: GraphqlContext,
  info: GraphQLResolveInfo,
  { count, textLength }: { readonly count: number; readonly textLength: number },
): void {
  spendLength(context, textLength);
  spendObjects(context, count);
  checkDuration(context, info);
}

/** The extensions of a list that calls {@link spendList}. Counting it from outside would take another promise. */
export const SPENDS_ITSELF = { spendsItself: true };

function spendLength(context: GraphqlContext, length: number): void {
  const spent = spentBy(context);
  const { textLength } = OPERATION_BUDGET;
  spent.textLength += length;
  if (spent.textLength > textLength) throw overBudget(`loads more than ${textLength} characters`);
}

/** How many entries the lists of objects of an operation have had so far. */
export function countListed({ spent }: Pick<GraphqlContext, 'spent'>): number {
  return spent?.objects ?? 0;
}

/**
 * Checks how long a query has run. For lists of objects this is done already, so only other costly fields call it.
 * @throws QUERY_TOO_COMPLEX above the budget.
 */
export function checkDuration(context: GraphqlContext, { operation }: GraphQLResolveInfo): void {
  if (operation.operation !== 'query') return;
  const { durationMs } = OPERATION_BUDGET;
  if (context.services.clock.now() - spentBy(context).startedAtMs > durationMs)
    throw overBudget(`takes more than ${durationMs / 1_000} seconds`);
}

function spendObjects(context: GraphqlContext, count: number): void {
  const spent = spentBy(context);
  const { objects } = OPERATION_BUDGET;
  spent.objects += count;
  if (spent.objects > objects) throw overBudget(`lists more than ${objects} objects`);
}

function overBudget(what: string) {
  return queryTooComplex(
    `The operation was stopped, because it ${what}: ask for smaller pages or fewer nested lists.`,
  );
}

type Field = GraphQLField<unknown, GraphqlContext>;
type Resolver = GraphQLFieldResolver<unknown, GraphqlContext>;

/**
 * Makes every list of objects count its entries, so that the executor does not matter. An event of a subscription has a
 * budget of its own, because the context lives as long as the subscription.
 */
export function enforceBudget(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    // graphql-js shares the types of introspection between all schemas of the process.
    if (isIntrospectionType(type) || !(isObjectType(type) || isInterfaceType(type))) continue;
    for (const field of Object.values(type.getFields()))
      if (isListOfObjects(field) && !spendsItself(field))
        field.resolve = counting(field.resolve ?? defaultFieldResolver);
  }
  for (const field of Object.values(schema.getSubscriptionType()?.getFields() ?? {}))
    field.resolve = renewing(field.resolve ?? defaultFieldResolver);
  return schema;
}

function isListOfObjects({ type }: Field): boolean {
  return isListType(getNullableType(type)) && isCompositeType(getNamedType(type));
}

function spendsItself({ extensions }: Field): boolean {
  return extensions.spendsItself === true;
}

function counting(resolve: Resolver): Resolver {
  return (parent, args, context, info) => {
    const count = (entries: unknown) => {
      if (Array.isArray(entries)) spendObjects(context, entries.length);
      checkDuration(context, info);
      return entries;
    };
    const entries: unknown = resolve(parent, args, context, info);
    return entries instanceof Promise ? entries.then(count) : count(entries);
  };
}

function renewing(resolve: Resolver): Resolver {
  return (parent, args, context, info) => {
    context.spent = undefined;
    return resolve(parent, args, context, info);
  };
}
