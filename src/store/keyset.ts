import { formatCursor, parseCursor, type SortKind, type SortValue } from '../domain/cursor.js';
import type { PageRequest } from '../domain/page.js';
import { allOf, emptySql, identifier, joinSql, type Sql, sql, toStatement } from './sql-text.js';
import { type Executor, query } from './statement.js';

/** One column of an order. */
export interface SortKey<Row> {
  /** The expression as it stands in the index, over the alias of the list's table. */
  readonly sql: string;
  readonly kind: SortKind;
  readonly of: (row: Row) => SortValue;
  /** What "none" is taken for, where the expression has a stand-in for it. */
  readonly none?: 'infinity' | '-infinity';
}

/** The order of a list: all keys in one direction, the last one unique, so that a row comparison says what comes next. */
export interface Order<Row> {
  readonly tag: string;
  readonly descending: boolean;
  readonly keys: readonly SortKey<Row>[];
}

/** The rows that a list has, before it is cut into pages. */
export interface List<Row> {
  /** Table and alias: `tasks t`. */
  readonly from: string;
  /** The columns to read, with the alias. */
  readonly columns: readonly string[];
  readonly where: Sql;
  readonly order: Order<Row>;
}

/** Lists that hang on rows of another table: one for each parent, read by one statement. */
export interface ChildLists<Row> extends List<Row> {
  /** The column that names the parent. */
  readonly parent: string;
}

export interface Slice<Row> {
  readonly rows: Row[];
  /** Whether the list goes on, within the cursors, where the slice ends. */
  readonly more: boolean;
}

/** The cursor of a row in an order. */
export function cursorOf<Row>(order: Order<Row>, row: Row): string {
  return formatCursor(
    order.tag,
    order.keys.map((key) => key.of(row)),
  );
}

/** Reads one more row than asked for, to know whether the list goes on. */
export async function readSlice<Row extends object>(
  executor: Executor,
  list: List<Row>,
  page: PageRequest,
): Promise<Slice<Row>> {
  const rows = await query<Row>(executor, toStatement(selectSlice(list, page)));
  return cut(rows, page);
}

/** The slices of several parents by one statement that stops at the page's end for each of them. */
export async function readSlices<Row extends object>(
  executor: Executor,
  lists: ChildLists<Row>,
  parentIds: readonly string[],
  page: PageRequest,
): Promise<Map<string, Slice<Row>>> {
  const rows = await query<Row & { parentOfRow: string }>(
    executor,
    toStatement(sql`SELECT p.id AS parent_of_row, s.* FROM unnest(${parentIds}::text[]) WITH ORDINALITY AS p(id, place)
      CROSS JOIN LATERAL (${selectSlice(ofParent(lists), page, sql`, row_number() OVER () AS place_in_slice`)}) s
      ORDER BY p.place, s.place_in_slice`),
  );
  const groups = Map.groupBy(rows, (row) => row.parentOfRow);
  return new Map(parentIds.map((id) => [id, cut<Row>(groups.get(id) ?? [], page)]));
}
