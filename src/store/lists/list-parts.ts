import { parseCursor, type SortKind, type SortValue } from '../../domain/cursor.js';
import type { Beyond } from '../../domain/list-reader.js';
import type { PageRequest } from '../../domain/page.js';
import { identifier, joinSql, type Sql, sql } from '../../postgres/sql-text.js';
import type { Order, SortKey } from './order.js';

/** A condition on the rows of a part. Those of one part exclude each other and together select it. */
export interface Branch {
  readonly where: Sql;
  /**
   * Whether the rows are so few that they should be collected and sorted. The planner may expect many, and would then search
   * for them along the order.
   */
  readonly isRare?: boolean;
}

/**
 * Consecutive rows of a list. A part is read as the heads of its branches, so that each branch can use an index that begins
 * with the columns of its condition and continues with the keys. With one condition for all, PostgreSQL would sort.
 */
export interface ListPart<Row> {
  readonly branches: readonly Branch[];
  /** The last keys of the order, or all, as the index has them. */
  readonly keys: readonly SortKey<Row>[];
  /** If set, the first key of the order is null in all rows of the part, or in none. */
  readonly firstKey?: 'null' | 'set';
}

/** The whole list as one part with one branch. */
export function wholeOf<Row>({ order }: { readonly order: Order<Row> }): ListPart<Row> {
  return { branches: [{ where: sql`true` }], keys: order.keys };
}

/** The conditions of the page's cursors on the rows of a part. Null if they leave out all its rows. */
export function boundsOf<Row>(order: Order<Row>, part: ListPart<Row>, page: PageRequest): Sql[] | null {
  const after = boundOf(order, part, page.after, 'after');
  const before = boundOf(order, part, page.before, 'before');
  return after === null || before === null ? null : [...after, ...before];
}

/** The condition of the rows at the cursor and beyond it. Null if they are in other parts. */
export function boundBeyond<Row>(
  order: Order<Row>,
  part: ListPart<Row>,
  { side, cursor }: Beyond,
): Sql[] | null {
  return boundOf(order, part, cursor, side === 'head' ? 'before' : 'after', '=');
}

function boundOf<Row>(
  order: Order<Row>,
  part: ListPart<Row>,
  cursor: string | null,
  side: 'after' | 'before',
  itself: '=' | '' = '',
): Sql[] | null {
  if (cursor === null) return [];
  const values = valuesOf(order, cursor);
  const { firstKey } = part;
  if (firstKey !== undefined) {
    // Rows without the first key come last in both directions.
    const isSet = values[0] !== null;
    if (firstKey === 'set' && !isSet) return side === 'after' ? null : [];
    if (firstKey === 'null' && isSet) return side === 'after' ? [] : null;
  }
  const direction = (side === 'after') === order.descending ? '<' : '>';
  return [compare(part.keys, `${direction}${itself}`, values.slice(-part.keys.length))];
}

type Comparison = '<' | '>' | '<=' | '>=';

const TYPES: Record<SortKind, string> = {
  instant: 'timestamptz',
  number: 'bigint',
  text: 'text',
  priority: 'task_priority',
};

function valuesOf<Row>({ tag, keys }: Order<Row>, cursor: string): readonly SortValue[] {
  return parseCursor(
    tag,
    keys.map((key) => key.kind),
    cursor,
  );
}

/** An index with the same columns answers it with one lookup. */
function compare<Row>(
  keys: readonly SortKey<Row>[],
  operator: Comparison,
  values: readonly SortValue[],
): Sql {
  const places = keys.map(
    (key, index) => sql`${values[index] ?? key.none ?? null}::${identifier(TYPES[key.kind])}`,
  );
  return sql`(${identifier(keys.map((key) => key.sql).join(', '))}) ${identifier(operator)} (${joinSql(places, ', ')})`;
}
