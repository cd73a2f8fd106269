import type { ObjectRef } from '@pothos/core';
import type { ListReader, Slice } from '../../domain/list-reader.js';
import { InvalidList, type PageArgs, type PageRequest, parsePageRequest } from '../../domain/page.js';
import { builder } from '../builder.js';
import { badUserInput } from './protocol-errors.js';

type BuilderTypes = (typeof builder)['$inferSchemaTypes'];

/**
 * A part of a list, read when the first of its fields is asked for: the total alone reads no rows.
 *
 * Replaces `prismaConnection` of Pothos, whose cursor names a row and breaks when that row leaves the list; a cursor here
 * is a position in the order and stays valid. Prisma would also read the lists of several parents whole and cut them in
 * memory.
 */
export interface Connection<Row> {
  readonly page: PageRequest;
  readonly reader: ListReader<Row>;
  readonly slice: () => Promise<Slice<Row>>;
}

interface Edge<Row> {
  readonly reader: ListReader<Row>;
  readonly row: Row;
}

/** The arguments that every connection takes. */
export const connectionArgs = builder.args((t) => ({
  first: t.int({ description: 'How many entries, from the head of the list: 20 if unset, at most 100.' }),
  after: t.field({ type: 'Cursor', description: 'Only what follows this position.' }),
  last: t.int({
    description: 'How many entries, from the tail of the list: instead of `first`, at most 100.',
  }),
  before: t.field({ type: 'Cursor', description: 'Only what precedes this position.' }),
}));

/** The paths under a connection's field at which its nodes are selected. */
export const NODE_PATHS = [['nodes'], ['edges', 'node']] as const;

/** @throws BAD_USER_INPUT for sizes that can't be had, and, when it is read, for cursors of another list. */
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

/** Runs what may throw {@link InvalidList} and says so in the API's words. */
export function orBadInput<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    return refuseInvalidList(error);
  }
}

/** Says in the API's words what an {@link InvalidList} says; passes on everything else. */
export function refuseInvalidList(error: unknown): never {
  throw error instanceof InvalidList ? badUserInput(error.message) : error;
}

const PageInfoType = builder.objectRef<Connection<never>>('PageInfo').implement({
  description: 'Where a part of a list lies in the whole.',
  fields: (t) => ({
    hasNextPage: t.boolean({
      description: 'Whether the list goes on behind the last entry.',
      resolve: async ({ page, reader, slice }) => {
        if (!page.backward && (await slice()).more) return true;
        return page.before !== null && reader.hasRowsBeyond({ side: 'tail', cursor: page.before });
      },
    }),
    hasPreviousPage: t.boolean({
      description: 'Whether there are entries before the first.',
      resolve: async ({ page, reader, slice }) => {
        if (page.backward && (await slice()).more) return true;
        return page.after !== null && reader.hasRowsBeyond({ side: 'head', cursor: page.after });
      },
    }),
    startCursor: t.field({
      type: 'Cursor',
      nullable: true,
      description: 'The position of the first entry.',
      resolve: async ({ reader, slice }) => {
        const first = (await slice()).rows.at(0);
        return first === undefined ? null : reader.cursorOf(first);
      },
    }),
    endCursor: t.field({
      type: 'Cursor',
      nullable: true,
      description: 'The position of the last entry.',
      resolve: async ({ reader, slice }) => {
        const last = (await slice()).rows.at(-1);
        return last === undefined ? null : reader.cursorOf(last);
      },
    }),
  }),
});

/** Adds the types `<name>Connection` and `<name>Edge` for a type of nodes. */
export function defineConnection<Row>(name: string, node: ObjectRef<BuilderTypes, Row>) {
  const EdgeType = builder.objectRef<Edge<Row>>(`${name}Edge`).implement({
    description: `One entry of a list of ${name}s.`,
    fields: (t) => ({
      cursor: t.field({
        type: 'Cursor',
        description: 'Its position, for `after` and `before`. Stays valid when the entry moves or vanishes.',
        resolve: ({ reader, row }) => reader.cursorOf(row),
      }),
      node: t.field({ type: node, description: 'The entry itself.', resolve: ({ row }) => row as never }),
    }),
  });
  return builder.objectRef<Connection<Row>>(`${name}Connection`).implement({
    description: `A part of a list of ${name}s.`,
    fields: (t) => ({
      edges: t.field({
        type: [EdgeType],
        description: 'The entries with their positions.',
        resolve: async ({ reader, slice }) => (await slice()).rows.map((row) => ({ reader, row })),
      }),
      nodes: t.field({
        type: [node],
        description: 'The entries.',
        resolve: async ({ slice }) => (await slice()).rows as never,
      }),
      pageInfo: t.field({
        type: PageInfoType,
        description: 'Where this part lies in the whole.',
        resolve: (connection) => connection as never,
      }),
      totalCount: t.int({
        description: 'How many entries the whole list has.',
        resolve: ({ reader }) => reader.count(),
      }),
    }),
  });
}
