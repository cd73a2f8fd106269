import type { PageRequest } from './page.js';

/** Consecutive rows of a list. */
export interface Slice<Row> {
  readonly rows: Row[];
  /** Whether the list goes on, within the cursors asked for, where the slice ends. */
  readonly more: boolean;
}

/** Where to look for rows beyond a cursor: from it towards the head of the list, or towards its tail. */
export interface Beyond {
  readonly side: 'head' | 'tail';
  readonly cursor: string;
}

/** A list, ready to be read in parts: each question is asked of the database only when somebody wants its answer. */
export interface ListReader<Row> {
  slice(page: PageRequest): Promise<Slice<Row>>;
  /** How many rows the whole list has, cursors aside. */
  count(): Promise<number>;
  /** Whether there are rows at the cursor or beyond: rows come and go, so the cursor alone doesn't say. */
  hasRowsBeyond(beyond: Beyond): Promise<boolean>;
  cursorOf(row: Row): string;
}

/** The same list of several parents: each question is asked once for all of them. */
export interface ChildListsReader<Row> {
  slices(parentIds: readonly string[], page: PageRequest): Promise<ReadonlyMap<string, Slice<Row>>>;
  counts(parentIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
  haveRowsBeyond(parentIds: readonly string[], beyond: Beyond): Promise<ReadonlyMap<string, boolean>>;
  cursorOf(row: Row): string;
}
