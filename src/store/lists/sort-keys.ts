import type { SortKey } from './order.js';

/** Sorts by creation time. */
export const CREATED: SortKey<{ createdAt: Date }> = {
  sql: 't.created_at',
  kind: 'instant',
  of: (row) => row.createdAt,
};

/** The last key of an order, which makes it unique. */
export const ID: SortKey<{ id: string }> = { sql: 't.id', kind: 'text', of: (row) => row.id };
