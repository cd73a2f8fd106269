import type { PageRequest } from './page.js';

/** Consecutive rows of a list. */
export interface Slice<Row> {
  readonly rows: Row[];
  /** Whether the list continues after the slice, within the requested cursors. */
  readonly more: boolean;
  /** The length of what was read, about that of its texts. */
  readonly textLength: number;
}

/** Which rows beyond a cursor to look for: those towards the head of the list, or those towards its tail. */
export interface Beyond {
  readonly side: 'head' | 'tail';
  readonly cursor: string;
}

/** Reads a list in parts. Each method runs a query only when it is called. */
export interface ListReader<Row> {
  slice(page: PageRequest): Promise<Slice<Row>>;
  /** The number of rows in the whole list, without regard to cursors; with `atMost`, it stops there. */
  count(atMost?: number): Promise<number>;
  /** Whether there are rows at or beyond the cursor. A query is needed, because rows may have been added or deleted. */
  hasRowsBeyond(beyond: Beyond): Promise<boolean>;
  cursorOf(row: Row): string;
}

/** Reads the same list of several parents, with one query for all of them. */
export interface ChildListsReader<Row> {
  slices(parentIds: readonly string[], page: PageRequest): Promise<ReadonlyMap<string, Slice<Row>>>;
  counts(parentIds: readonly string[], atMost?: number): Promise<ReadonlyMap<string, number>>;
  haveRowsBeyond(parentIds: readonly string[], beyond: Beyond): Promise<ReadonlyMap<string, boolean>>;
  cursorOf(row: Row): string;
}
