import { formatLogCursor } from '../../domain/events/log-cursor.js';
import { LOG_START } from '../../domain/events/log-position.js';
import type { ChildListsReader, ListReader } from '../../domain/list-reader.js';
import type { Executor } from '../../postgres/statement.js';
import { checkLogPosition, findLogPosition, locateCursor } from '../../store/events/log-cursors.js';

/** Translates one cursor of a client into that of its position. */
type Locate = (cursor: string) => Promise<string>;

/**
 * A list of the log that takes cursors from before positions existed as well. Reading a slice throws CursorExpired if one of
 * its cursors is not of this log, or entries after it were pruned.
 */
export function locateList<Row>(executor: Executor, list: ListReader<Row>): ListReader<Row> {
  const locate: Locate = async (cursor) => formatLogCursor(await locateCursor(executor, cursor));
  return {
    ...list,
    async slice(page) {
      const slice = await list.slice(await locateEnds(page, locate));
      // Checked after the read, so that pruning between the two is detected.
      for (const cursor of [page.after, page.before])
        if (cursor !== null) await checkLogPosition(executor, await locateCursor(executor, cursor));
      return slice;
    },
    hasRowsBeyond: async (beyond) => list.hasRowsBeyond({ ...beyond, cursor: await locate(beyond.cursor) }),
  };
}

/** The same for the events of several tasks. A cursor of a pruned event stands for the start of the log. */
export function locateChildLists<Row>(
  executor: Executor,
  lists: ChildListsReader<Row>,
): ChildListsReader<Row> {
  const locate: Locate = async (cursor) =>
    formatLogCursor((await findLogPosition(executor, cursor)) ?? LOG_START);
  return {
    ...lists,
    slices: async (ids, page) => lists.slices(ids, await locateEnds(page, locate)),
    haveRowsBeyond: async (ids, beyond) =>
      lists.haveRowsBeyond(ids, { ...beyond, cursor: await locate(beyond.cursor) }),
  };
}

async function locateEnds<Page extends { readonly after: string | null; readonly before: string | null }>(
  page: Page,
  locate: Locate,
): Promise<Page> {
  const [after, before] = await Promise.all(
    [page.after, page.before].map(async (cursor) => (cursor === null ? null : locate(cursor))),
  );
  return { ...page, after: after ?? null, before: before ?? null };
}
