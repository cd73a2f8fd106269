import type { ChildListsReader, ListReader } from '../../domain/list-reader.js';
import type { PageArgs } from '../../domain/page.js';
import type { GraphqlContext } from '../context.js';
import { type Connection, connect } from './connection.js';
import { loadBatched } from './loaders.js';

/**
 * The connection of one parent, batched with those of other parents: the comments of fifty tasks take one statement.
 *
 * @param name - names the batch: the field plus everything that distinguishes its lists (filter, order, columns).
 */
export function connectChildren<Row>(
  context: GraphqlContext,
  name: string,
  parentId: string,
  args: PageArgs,
  lists: ChildListsReader<Row>,
): Connection<Row> {
  return connect(args, readerOfParent(context, name, parentId, lists));
}

function readerOfParent<Row>(
  context: GraphqlContext,
  name: string,
  parentId: string,
  lists: ChildListsReader<Row>,
): ListReader<Row> {
  const ask = <Value>(
    question: string,
    batch: (ids: readonly string[]) => Promise<ReadonlyMap<string, Value>>,
  ) => loadBatched(context, `${name}:${question}`, parentId, batch);
  return {
    slice: async (page) =>
      (await ask(`slice:${JSON.stringify(page)}`, (ids) => lists.slices(ids, page))) ?? {
        rows: [],
        more: false,
        textLength: 0,
      },
    count: async (atMost) => (await ask(`count:${atMost ?? ''}`, (ids) => lists.counts(ids, atMost))) ?? 0,
    hasRowsBeyond: async (beyond) =>
      (await ask(`beyond:${JSON.stringify(beyond)}`, (ids) => lists.haveRowsBeyond(ids, beyond))) ?? false,
    cursorOf: (row) => lists.cursorOf(row),
  };
}
