import { formatCursor, parseCursor, type SortKind, type SortValue } from '../../domain/cursor.js';
import type { Beyond, Slice } from '../../domain/list-reader.js';
import type { PageRequest } from '../../domain/page.js';
import { allOf, identifier, joinSql, type Sql, sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import { parseRows, type RowShape, readRows, rowsOf } from './row-shape.js';

/** One sort key of an order. */
export interface SortKey<Row> {
  /** The SQL expression, exactly as in the index, using the alias of the table. */
  readonly sql: string;
  readonly kind: SortKind;
  readonly of: (row: Row) => SortValue;
  /** The value that the expression substitutes for null, if it does. */
  readonly none?: 'infinity' | '-infinity';
}

/** All keys have the same direction and the last one is unique, so one row comparison finds the next row. */
export interface Order<Row> {
  readonly tag: string;
  readonly descending: boolean;
  readonly keys: readonly SortKey<Row>[];
}

/** The definition of a list, without pagination. */
export interface List<Row> {
  /** Table and alias; the alias is always t: `tasks t`. */
  readonly from: string;
  readonly shape: RowShape<Row>;
  readonly where: Sql;
  readonly order: Order<Row>;
}

/** One list per row of a parent table. One statement reads the lists of several parents. */
export interface ChildLists<Row> extends List<Row> {
  /** The column that refers to the parent. */
  readonly parent: string;
}

/** The cursor of a row in an order. */
export function cursorOf<Row>(order: Order<Row>, row: Row): string {
  return formatCursor(
    order.tag,
    order.keys.map((key) => key.of(row)),
  );
}

/** Reads one page, with one extra row to detect whether more rows follow. */
export async function readSlice<Row>(
  executor: Executor,
  list: List<Row>,
  page: PageRequest,
): Promise<Slice<Row>> {
  return cut(await readRows(executor, list.shape, selectSlice(list, page)), page);
}

/** Reads the pages of several parents with one statement, which stops reading each list at the end of its page. */
export async function readSlices<Row>(
  executor: Executor,
  lists: ChildLists<Row>,
  parentIds: readonly string[],
  page: PageRequest,
): Promise<Map<string, Slice<Row>>> {
  const { shape } = lists;
  const found = await query<{ id: string; rows: unknown }>(
    executor,
    toStatement(sql`SELECT p.id, ${rowsOf(shape, selectSlice(ofParent(lists), page))} AS rows
      FROM unnest(${parentIds}::text[]) AS p (id)`),
  );
  return new Map(found.map(({ id, rows }) => [id, cut(parseRows(shape, rows), page)]));
}

/** The number of rows in the whole list, regardless of cursors. */
export async function countList<Row>(executor: Executor, list: List<Row>): Promise<number> {
  const [row] = await query<{ count: number }>(executor, toStatement(selectCount(list)));
  return row?.count ?? 0;
}

/** The number of rows in the list of each parent, as a map by parent id. */
export async function countLists<Row>(
  executor: Executor,
  lists: ChildLists<Row>,
  parentIds: readonly string[],
): Promise<Map<string, number>> {
  const rows = await query<{ id: string; count: number }>(
    executor,
    toStatement(sql`SELECT p.id, s.count FROM unnest(${parentIds}::text[]) AS p (id)
      CROSS JOIN LATERAL (${selectCount(ofParent(lists))}) s`),
  );
  return new Map(rows.map((row) => [row.id, row.count]));
}

/** Whether the list has rows at the cursor or beyond it. The row of the cursor itself may have disappeared. */
export async function hasRowsBeyond<Row>(
  executor: Executor,
  list: List<Row>,
  beyond: Beyond,
): Promise<boolean> {
  const [row] = await query<{ found: boolean }>(
    executor,
    toStatement(sql`SELECT ${existsBeyond(list, beyond)} AS found`),
  );
  return row?.found ?? false;
}

/** Whether the list of each parent has rows at the cursor or beyond it, as a map by parent id. */
export async function haveRowsBeyond<Row>(
  executor: Executor,
  lists: ChildLists<Row>,
  parentIds: readonly string[],
  beyond: Beyond,
): Promise<Map<string, boolean>> {
  const rows = await query<{ id: string; found: boolean }>(
    executor,
    toStatement(
      sql`SELECT p.id, ${existsBeyond(ofParent(lists), beyond)} AS found FROM unnest(${parentIds}::text[]) AS p (id)`,
    ),
  );
  return new Map(rows.map((row) => [row.id, row.found]));
}

function ofParent<Row>(lists: ChildLists<Row>): List<Row> {
  return { ...lists, where: sql`${identifier(lists.parent)} = p.id AND ${lists.where}` };
}

/** The limit is part of the text: with a parameter, PostgreSQL cannot see it and plans the statement for each execution. */
function selectSlice<Row>({ shape, from, where, order }: List<Row>, page: PageRequest): Sql {
  const bounds: Sql[] = [where];
  if (page.after !== null) bounds.push(compare(order, order.descending ? '<' : '>', page.after));
  if (page.before !== null) bounds.push(compare(order, order.descending ? '>' : '<', page.before));
  return sql`SELECT ${identifier(shape.columns.join(', '))} FROM ${identifier(from)} WHERE ${allOf(bounds)}
    ORDER BY ${orderBy(order, page.backward)} LIMIT ${identifier(String(page.size + 1))}`;
}

function selectCount<Row>({ from, where }: List<Row>): Sql {
  return sql`SELECT count(*)::int AS count FROM ${identifier(from)} WHERE ${where}`;
}

function existsBeyond<Row>({ from, where, order }: List<Row>, { side, cursor }: Beyond): Sql {
  const operator = (side === 'head') === order.descending ? '>=' : '<=';
  return sql`EXISTS (SELECT FROM ${identifier(from)} WHERE ${where} AND ${compare(order, operator, cursor)})`;
}

function orderBy<Row>(order: Order<Row>, backward: boolean): Sql {
  const direction = order.descending === backward ? 'ASC' : 'DESC';
  return identifier(order.keys.map((key) => `${key.sql} ${direction}`).join(', '));
}

const TYPES: Record<SortKind, string> = {
  instant: 'timestamptz',
  number: 'bigint',
  text: 'text',
  priority: 'task_priority',
};

/** One row comparison over all keys, which an index with the same columns answers with one lookup. */
function compare<Row>(order: Order<Row>, operator: '<' | '>' | '<=' | '>=', cursor: string): Sql {
  const values = parseCursor(
    order.tag,
    order.keys.map((key) => key.kind),
    cursor,
  );
  const places = order.keys.map(
    (key, index) => sql`${values[index] ?? key.none ?? null}::${identifier(TYPES[key.kind])}`,
  );
  return sql`(${identifier(order.keys.map((key) => key.sql).join(', '))}) ${identifier(operator)} (${joinSql(places, ', ')})`;
}

function cut<Row>(rows: Row[], page: PageRequest): Slice<Row> {
  const more = rows.length > page.size;
  const kept = more ? rows.slice(0, page.size) : rows;
  return { rows: page.backward ? kept.reverse() : kept, more };
}
