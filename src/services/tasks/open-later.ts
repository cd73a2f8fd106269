import type { ChildListsReader, ListReader } from '../../domain/list-reader.js';

/**
 * A list whose condition is known only after a query, which is made once, when the list is first read. Cursors do not depend
 * on the condition, so those of `plain` are used.
 */
export function openListLater<Row>(
  plain: ListReader<Row>,
  open: () => Promise<ListReader<Row>>,
): ListReader<Row> {
  const opened = once(open);
  return {
    slice: async (page) => (await opened()).slice(page),
    count: async (atMost) => (await opened()).count(atMost),
    hasRowsBeyond: async (beyond) => (await opened()).hasRowsBeyond(beyond),
    cursorOf: plain.cursorOf,
  };
}

/** As {@link openListLater}, for the same list of several parents. */
export function openChildListsLater<Row>(
  plain: ChildListsReader<Row>,
  open: () => Promise<ChildListsReader<Row>>,
): ChildListsReader<Row> {
  const opened = once(open);
  return {
    slices: async (ids, page) => (await opened()).slices(ids, page),
    counts: async (ids, atMost) => (await opened()).counts(ids, atMost),
    haveRowsBeyond: async (ids, beyond) => (await opened()).haveRowsBeyond(ids, beyond),
    cursorOf: plain.cursorOf,
  };
}

function once<Value>(open: () => Promise<Value>): () => Promise<Value> {
  let opened: Promise<Value> | undefined;
  return () => (opened ??= open());
}
