import type { InterfaceRef, ObjectRef } from '@pothos/core';
import type { GraphQLResolveInfo } from 'graphql';
import type { ListReader, Slice } from '../../domain/list-reader.js';
import { InvalidList, type PageArgs, type PageRequest, parsePageRequest } from '../../domain/page.js';
import { builder } from '../builder.js';
import type { GraphqlContext } from '../context.js';
import { SPENDS_ITSELF, spendList } from './operation-budget.js';
import { badUserInput } from './protocol-errors.js';

type BuilderTypes = (typeof builder)['$inferSchemaTypes'];

/**
 * A page of a list. Its rows are read when a field first needs them, so `totalCount` alone reads no rows.
 *
 * Replaces `prismaConnection` of Pothos, whose cursor names a row and breaks when that row leaves the list. A cursor here
 * is a position in the order and stays valid. Prisma would also read the full lists of several parents and cut them in
 * memory.
 */
export interface Connection<Row> {
  readonly page: PageRequest;
  readonly reader: ListReader<Row>;
  readonly slice: () => Promise<Slice<Row>>;
}

/** What `PageInfo` needs of a connection, without the type of its rows. */
interface PageInfoShape {
  readonly page: PageRequest;
  readonly hasRowsBeyond: ListReader<unknown>['hasRowsBeyond'];
  readonly hasMore: () => Promise<boolean>;
  readonly cursorAt: (index: 0 | -1) => Promise<string | null>;
}

interface Edge<Row> {
  readonly reader: ListReader<Row>;
  readonly row: Row;
}

/** The arguments that every connection takes. */
export const connectionArgs = builder.args((t) => ({
  first: t.int({ description: 'Number of entries from the head of the list: 20 if unset, at most 100.' }),
  after: t.field({ type: 'Cursor', description: 'Only entries after this position.' }),
  last: t.int({
    description: 'Number of entries from the tail of the list, instead of `first`: at most 100.',
  }),
  before: t.field({ type: 'Cursor', description: 'Only entries before this position.' }),
}));

/** The paths under a connection's field at which its nodes are selected. */
export const NODE_PATHS = [['nodes'], ['edges', 'node']] as const;

/** @throws BAD_USER_INPUT for invalid sizes at once, and for cursors of another list when the page is read. */
export function connect<Row>(args: PageArgs, reader: ListReader<Row>): Connection<Row> {
  const page = orBadInput(() => parsePageRequest(args));
  let slice: Promise<Slice<Row>> | undefined;
  return {
    page,
    reader,
    slice: () => {
      slice ??= reader.slice(page).catch(refuseInvalidList);
      return slice;
    },
  };
}

/** Runs `work` and turns {@link InvalidList} into BAD_USER_INPUT. */
export function orBadInput<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    return refuseInvalidList(error);
  }
}

/** Throws {@link InvalidList} as BAD_USER_INPUT and every other error unchanged. */
export function refuseInvalidList(error: unknown): never {
  throw error instanceof InvalidList ? badUserInput(error.message) : error;
}

const PageInfoType = builder.objectRef<PageInfoShape>('PageInfo').implement({
  description: 'The position of a page within its list.',
  fields: (t) => ({
    hasNextPage: t.boolean({
      description: 'Whether entries follow the last one of this page.',
      resolve: async ({ page, hasMore, hasRowsBeyond }) => {
        if (!page.backward && (await hasMore())) return true;
        return page.before !== null && hasRowsBeyond({ side: 'tail', cursor: page.before });
      },
    }),
    hasPreviousPage: t.boolean({
      description: 'Whether entries precede the first one of this page.',
      resolve: async ({ page, hasMore, hasRowsBeyond }) => {
        if (page.backward && (await hasMore())) return true;
        return page.after !== null && hasRowsBeyond({ side: 'head', cursor: page.after });
      },
    }),
    startCursor: t.field({
      type: 'Cursor',
      nullable: true,
      description: 'The position of the first entry of this page.',
      resolve: ({ cursorAt }) => cursorAt(0),
    }),
    endCursor: t.field({
      type: 'Cursor',
      nullable: true,
      description: 'The position of the last entry of this page.',
      resolve: ({ cursorAt }) => cursorAt(-1),
    }),
  }),
});

function toPageInfo<Row>({ page, reader, slice }: Connection<Row>): PageInfoShape {
  return {
    page,
    // The cursors are checked when a statement is built from them.
    hasRowsBeyond: async (beyond) => {
      try {
        return await reader.hasRowsBeyond(beyond);
      } catch (error) {
        return refuseInvalidList(error);
      }
    },
    hasMore: async () => (await slice()).more,
    cursorAt: async (index) => {
      const row = (await slice()).rows.at(index);
      return row === undefined ? null : reader.cursorOf(row);
    },
  };
}

/**
 * Types a row, or rows, as output of a node type. TypeScript cannot evaluate the output shape of a generic node type;
 * the signature of {@link defineConnection} guarantees that it is `Row`.
 */
function asOutput(value: unknown): never {
  return value as never;
}

function spendRows<Row>(
  context: GraphqlContext,
  info: GraphQLResolveInfo,
  { rows, textLength }: Slice<Row>,
): readonly Row[] {
  spendList(context, info, { count: rows.length, textLength });
  return rows;
}

const MOST_COUNTED = 100_000;

/** @throws BAD_USER_INPUT for a number that no count stops at. */
function checkAtMost(atMost: number | null | undefined): number | undefined {
  if (atMost === null || atMost === undefined) return undefined;
  if (atMost < 1 || atMost > MOST_COUNTED) throw badUserInput(`atMost must be from 1 to ${MOST_COUNTED}.`);
  return atMost;
}

/** Adds the types `<name>Connection` and `<name>Edge` for a node type. */
export function defineConnection<Row>(
  name: string,
  node: ObjectRef<BuilderTypes, Row> | InterfaceRef<BuilderTypes, Row>,
) {
  const EdgeType = builder.objectRef<Edge<Row>>(`${name}Edge`).implement({
    description: `One entry of a list of ${name}s.`,
    fields: (t) => ({
      cursor: t.field({
        type: 'Cursor',
        description:
          'The position of the entry, for `after` and `before`. Stays valid if the entry moves or disappears.',
        resolve: ({ reader, row }) => reader.cursorOf(row),
      }),
      node: t.field({ type: node, description: 'The entry itself.', resolve: ({ row }) => asOutput(row) }),
    }),
  });
  return builder.objectRef<Connection<Row>>(`${name}Connection`).implement({
    description: `A page of a list of ${name}s.`,
    fields: (t) => ({
      edges: t.field({
        type: [EdgeType],
        description: 'The entries with their positions.',
        extensions: SPENDS_ITSELF,
        resolve: async ({ reader, slice }, _args, context, info) =>
          spendRows(context, info, await slice()).map((row) => ({ reader, row })),
      }),
      nodes: t.field({
        type: [node],
        description: 'The entries.',
        extensions: SPENDS_ITSELF,
        resolve: async ({ slice }, _args, context, info) => asOutput(spendRows(context, info, await slice())),
      }),
      pageInfo: t.field({
        type: PageInfoType,
        description: 'The position of this page within the list.',
        resolve: toPageInfo,
      }),
      totalCount: t.int({
        description:
          'Number of entries in the whole list. It is exact, so its cost grows with this number: leave it out where it is not needed, or set `atMost`.',
        args: {
          atMost: t.arg.int({
            description:
              'Stop counting here, from 1 to 100,000: an answer of this number means that there are so many entries or more.',
          }),
        },
        resolve: async ({ reader }, { atMost }) => {
          const most = checkAtMost(atMost);
          return Math.min(await reader.count(most), most ?? Number.POSITIVE_INFINITY);
        },
      }),
    }),
  });
}
