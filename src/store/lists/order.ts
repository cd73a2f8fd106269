import type { SortKind, SortValue } from '../../domain/cursor.js';

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
