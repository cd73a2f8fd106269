import { formatCursor } from '../../domain/cursor.js';
import type { Beyond, Slice } from '../../domain/list-reader.js';
import type { PageRequest } from '../../domain/page.js';
import {
  allOf,
  anyOf,
  identifier,
  joinSql,
  type Sql,
  type StatementUse,
  sql,
  toStatement,
} from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import { boundBeyond, boundsOf, type ListPart, wholeOf } from './list-parts.js';
import type { Order } from './order.js';
import { parseRows, type RowShape, readPage, rowsOf } from './row-shape.js';

/** The definition of a list, without pagination. */
export interface List<Row> {
  /** Table and alias; the alias is always t: `tasks t`. */
  readonly from: string;
  readonly shape: RowShape<Row>;
  readonly where: Sql;
  readonly order: Order<Row>;
  /** The same rows in parts that indexes answer in order. Without it, the list is read by `where` and `order` alone. */
  readonly parts?: readonly ListPart<Row>[];
  /** The same rows as selections that are faster to count. Most lists are not counted, so they are made when they are needed. */
  readonly counted?: () => readonly Counted[];
  /** The same for a count of all rows, which a count that stops early cannot use. */
  readonly countedWhole?: () => readonly Counted[];
  /** Whether the best plan depends on the values of the filter. Such a statement is planned for its values each time. */
  readonly isPlannedByValues?: boolean;
}

/** Rows whose number is a part of the number of a list. */
export interface Counted {
  readonly from: string;
  readonly where: Sql;
  /** Whether their number is subtracted. */
  readonly isMinus?: boolean;
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
  const { parts = [wholeOf(list)], shape } = list;
  const rows: Row[] = [];
  let textLength = 0;
  for (const part of page.backward ? parts.toReversed() : parts) {
    const source = selectPart(list, part, page, page.size + 1 - rows.length);
    if (source !== null) {
      const read = await readPage(executor, shape, source, useOf(list));
      rows.push(...read.rows);
      textLength += read.textLength;
    }
    if (rows.length > page.size) break;
  }
  return cut(rows, page, textLength);
}

/** Reads the pages of several parents with one statement, which stops reading each list at the end of its page. */
export async function readSlices<Row>(
  executor: Executor,
  lists: ChildLists<Row>,
  parentIds: readonly string[],
  page: PageRequest,
): Promise<Map<string, Slice<Row>>> {
  const { shape } = lists;
  const found = await query<{ id: string; rows: string | null }>(
    executor,
    toStatement(
      sql`SELECT p.id, ${rowsOf(shape, selectSlice(ofParent(lists), page))}::text AS rows
        FROM unnest(${parentIds}::text[]) AS p (id)`,
      useOf(lists),
    ),
  );
  return new Map(
    found.map(({ id, rows }) => {
      const json = rows ?? 'null';
      return [id, cut(parseRows(shape, JSON.parse(json)), page, json.length)];
    }),
  );
}

/** The number of rows in the whole list, regardless of cursors; with `atMost`, it stops there. */
export async function countList<Row>(executor: Executor, list: List<Row>, atMost?: number): Promise<number> {
  const [row] = await query<{ count: number }>(
    executor,
    atMost === undefined
      ? toStatement(selectCount(list), useOf(list))
      : toStatement(selectCountUpTo(list, atMost), 'once'),
  );
  return row?.count ?? 0;
}

/** The number of rows in the list of each parent, as a map by parent id. */
export async function countLists<Row>(
  executor: Executor,
  lists: ChildLists<Row>,
  parentIds: readonly string[],
  atMost?: number,
): Promise<Map<string, number>> {
  const list = ofParent(lists);
  const count = atMost === undefined ? selectCount(list) : selectCountUpTo(list, atMost);
  const rows = await query<{ id: string; count: number }>(
    executor,
    toStatement(
      sql`SELECT p.id, s.count FROM unnest(${parentIds}::text[]) AS p (id) CROSS JOIN LATERAL (${count}) s`,
      atMost === undefined ? useOf(lists) : 'once',
    ),
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
    toStatement(sql`SELECT ${existsBeyond(list, beyond)} AS found`, useOf(list)),
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
      useOf(lists),
    ),
  );
  return new Map(rows.map((row) => [row.id, row.found]));
}

function ofParent<Row>({ counted: _counted, ...lists }: ChildLists<Row>): List<Row> {
  return { ...lists, where: sql`${identifier(lists.parent)} = p.id AND ${lists.where}` };
}

/** How a statement of the list is kept. */
export function useOf<Row>({ isPlannedByValues = false }: List<Row>): StatementUse {
  return isPlannedByValues ? 'once' : 'list';
}

/** The page of a list that is read in one statement, whatever its parts. */
function selectSlice<Row>(list: List<Row>, page: PageRequest): Sql {
  const [part = wholeOf(list), ...others] = list.parts ?? [];
  const source = selectPart(list, others.length === 0 ? part : wholeOf(list), page, page.size + 1);
  if (source === null) throw new Error('a list as a whole has rows on both sides of every cursor');
  return source;
}

/** The heads of the branches, and the head of these. Null if the cursors leave out the whole part. */
function selectPart<Row>(list: List<Row>, part: ListPart<Row>, page: PageRequest, limit: number): Sql | null {
  const { shape, from, where, order } = list;
  const bounds = boundsOf(order, part, page);
  if (bounds === null) return null;
  const columns = shape.columns.join(', ');
  // The limit is part of the text: with a parameter, PostgreSQL cannot see it and plans the statement for each execution.
  const endBy = (keys: readonly string[]) =>
    sql`ORDER BY ${orderBy(order, keys, page.backward)} LIMIT ${identifier(String(limit))}`;
  const keys = part.keys.map((key) => key.sql);
  const heads = part.branches.map((branch) => {
    const selected = identifier(
      [columns, ...(part.branches.length > 1 ? addedFor(keys, shape) : [])].join(', '),
    );
    const rows = sql`${identifier(from)} WHERE ${allOf([branch.where, where, ...bounds])}`;
    // OFFSET 0 is a fence: the planner then does not know that the rows will be sorted.
    return branch.isRare
      ? sql`SELECT ${selected} FROM (SELECT * FROM ${rows} OFFSET 0) t ${endBy(keys)}`
      : sql`SELECT ${selected} FROM ${rows} ${endBy(keys)}`;
  });
  if (heads.length === 1 && heads[0] !== undefined) return heads[0];
  // Each head is planned by itself. As parts of one query, the limit of the whole would make long searches look cheap.
  const ctes = heads.map((head, place) => sql`${identifier(`head${place}`)} AS MATERIALIZED (${head})`);
  const rows = heads.map((_head, place) => sql`SELECT * FROM ${identifier(`head${place}`)}`);
  const end = endBy(keys.map((key, place) => (isColumn(key) ? key : `t.${nameOf(place)}`)));
  return sql`WITH ${joinSql(ctes, ', ')} SELECT ${identifier(columns)} FROM (${joinSql(rows, ' UNION ALL ')}) t ${end}`;
}

/**
 * The keys that the rows do not have, as columns of the heads. PostgreSQL then knows that each head is sorted, merges the heads, and
 * reads of each only the rows that the page needs.
 */
function addedFor<Row>(keys: readonly string[], { columns }: RowShape<Row>): string[] {
  return keys.flatMap((key, place) => {
    if (!isColumn(key)) return [`${key} AS ${nameOf(place)}`];
    return columns.includes(key) ? [] : [key];
  });
}

function isColumn(key: string): boolean {
  return /^t\.\w+$/.test(key);
}

function nameOf(place: number): string {
  return `key${place}`;
}

function selectCount<Row>(list: List<Row>): Sql {
  const counts = countedOf(list).map(
    ({ from, where, isMinus }) =>
      sql`SELECT ${identifier(isMinus ? '-count(*)' : 'count(*)')} AS count FROM ${identifier(from)} WHERE ${where}`,
  );
  return sql`SELECT sum(count)::int AS count FROM (${joinSql(counts, ' UNION ALL ')}) counts`;
}

/**
 * As {@link selectCount}, but it stops after `atMost` rows. Each part is planned to be read whole: a plan for few rows would search for
 * a rare value among all rows. It is read row by row nevertheless.
 */
function selectCountUpTo<Row>(list: List<Row>, atMost: number): Sql {
  const parts = countedInParts(list).map(
    ({ from, where }, place) =>
      sql`${identifier(`part${place}`)} AS MATERIALIZED (SELECT FROM ${identifier(from)} WHERE ${where})`,
  );
  const rows = parts.map((_part, place) => sql`SELECT FROM ${identifier(`part${place}`)}`);
  return sql`WITH ${joinSql(parts, ', ')}
    SELECT count(*)::int AS count FROM (${joinSql(rows, ' UNION ALL ')} LIMIT ${atMost}::int) counted`;
}

/** What is counted of a list: unless it says otherwise its branches, each of which an index may answer alone. */
export function countedOf<Row>(list: List<Row>): readonly Counted[] {
  return list.countedWhole?.() ?? countedInParts(list);
}

/** The same for a count that may stop early: nothing of it is subtracted. */
export function countedInParts<Row>(list: List<Row>): readonly Counted[] {
  return list.counted?.() ?? branchesOf(list);
}

function branchesOf<Row>(list: List<Row>): readonly Counted[] {
  const { from, where, parts = [wholeOf(list)] } = list;
  return parts.flatMap(({ branches }) =>
    branches.map((branch) => ({ from, where: allOf([branch.where, where]) })),
  );
}

function existsBeyond<Row>(list: List<Row>, beyond: Beyond): Sql {
  const { from, where, order, parts = [wholeOf(list)] } = list;
  const found = parts.flatMap((part) => {
    const bounds = boundBeyond(order, part, beyond);
    if (bounds === null) return [];
    return part.branches.map(
      (branch) =>
        sql`EXISTS (SELECT FROM ${identifier(from)} WHERE ${allOf([branch.where, where, ...bounds])})`,
    );
  });
  return anyOf(found);
}

function orderBy<Row>(order: Order<Row>, keys: readonly string[], backward: boolean): Sql {
  const direction = order.descending === backward ? 'ASC' : 'DESC';
  return identifier(keys.map((key) => `${key} ${direction}`).join(', '));
}

function cut<Row>(rows: Row[], page: PageRequest, textLength: number): Slice<Row> {
  const more = rows.length > page.size;
  const kept = more ? rows.slice(0, page.size) : rows;
  return { rows: page.backward ? kept.reverse() : kept, more, textLength };
}
