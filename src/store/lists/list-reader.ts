import type { ChildListsReader, ListReader } from '../../domain/list-reader.js';
import type { Executor } from '../../postgres/statement.js';
import {
  type ChildLists,
  countList,
  countLists,
  cursorOf,
  hasRowsBeyond,
  haveRowsBeyond,
  type List,
  readSlice,
  readSlices,
} from './keyset.js';

/** Opens a list on a connection or a pool; nothing is read yet. */
export function openList<Row>(executor: Executor, list: List<Row>): ListReader<Row> {
  return {
    slice: (page) => readSlice(executor, list, page),
    count: (atMost) => countList(executor, list, atMost),
    hasRowsBeyond: (beyond) => hasRowsBeyond(executor, list, beyond),
    cursorOf: (row) => cursorOf(list.order, row),
  };
}

/** Opens the lists of several parents; nothing is read yet. */
export function openChildLists<Row>(executor: Executor, lists: ChildLists<Row>): ChildListsReader<Row> {
  return {
    slices: (parentIds, page) => readSlices(executor, lists, parentIds, page),
    counts: (parentIds, atMost) => countLists(executor, lists, parentIds, atMost),
    haveRowsBeyond: (parentIds, beyond) => haveRowsBeyond(executor, lists, parentIds, beyond),
    cursorOf: (row) => cursorOf(lists.order, row),
  };
}
