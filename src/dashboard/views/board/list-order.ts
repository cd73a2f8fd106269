import type { SortField } from '../../data/task-order.js';

/** The columns of the list by which the server can sort, by their names in the address. */
export const SORTS: Readonly<Record<string, SortField>> = {
  queue: 'QUEUE',
  priority: 'PRIORITY',
  created: 'CREATED_AT',
  updated: 'UPDATED_AT',
  since: 'STATUS_AT',
  due: 'DUE_AT',
};
