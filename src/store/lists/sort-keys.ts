import type { SortKey } from './keyset.js';

/** By when the row was made. */
export const CREATED: SortKey<{ createdAt: Date }> = {
  sql: 't.created_at',
  kind: 'instant',
  of: (row) => row.createdAt,
};

/** The last key of an order: it tells rows apart that are equal in all others. */
export const ID: SortKey<{ id: string }> = { sql: 't.id', kind: 'text', of: (row) => row.id };
