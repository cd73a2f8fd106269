import type { TaskOrder } from '../../sdk/index.js';
import { PRIORITIES } from '../parts/words.js';
import type { TaskCard } from './tasks.js';

/** An order of tasks, as the server sorts and as this page keeps the place of a changed task. */
export interface Order {
  readonly orderBy: TaskOrder;
  readonly compare: (one: TaskCard, other: TaskCard) => number;
}

/** The order in which tasks are claimed. */
export const queueOrder: Order = {
  orderBy: { field: 'QUEUE', direction: 'ASC' },
  compare: (one, other) =>
    PRIORITIES.indexOf(one.priority) - PRIORITIES.indexOf(other.priority) ||
    compareDue(one.dueAt, other.dueAt) ||
    compareTexts(one.createdAt, other.createdAt) ||
    numberOf(one) - numberOf(other),
};

/** The task that changed last comes first. */
export const latestFirst: Order = orderOf('UPDATED_AT', true);

/** What lists can be sorted by. */
export type SortField = 'QUEUE' | 'PRIORITY' | 'CREATED_AT' | 'UPDATED_AT' | 'STATUS_AT' | 'DUE_AT';

/** The order by one value. Tasks without a due date come last in both directions. */
export function orderOf(field: SortField, descending: boolean): Order {
  if (field === 'QUEUE') return queueOrder;
  const sign = descending ? -1 : 1;
  return {
    orderBy: { field, direction: descending ? 'DESC' : 'ASC' },
    compare: (one, other) => compareBy(field, one, other, sign) || sign * (numberOf(one) - numberOf(other)),
  };
}

function compareBy(field: Exclude<SortField, 'QUEUE'>, one: TaskCard, other: TaskCard, sign: number): number {
  if (field === 'DUE_AT') return compareDue(one.dueAt, other.dueAt, sign);
  if (field === 'PRIORITY')
    return sign * (PRIORITIES.indexOf(one.priority) - PRIORITIES.indexOf(other.priority));
  const columns = { CREATED_AT: 'createdAt', UPDATED_AT: 'updatedAt', STATUS_AT: 'statusAt' } as const;
  const name = columns[field];
  return sign * compareTexts(one[name], other[name]);
}

/** Tasks without a due date come last. */
function compareDue(one: string | null, other: string | null, sign = 1): number {
  if (one === null || other === null) return Number(one === null) - Number(other === null);
  return sign * compareTexts(one, other);
}

/** Instants in the form of the API sort as texts. */
function compareTexts(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function numberOf({ ref }: TaskCard): number {
  return Number(ref.slice(ref.lastIndexOf('-') + 1));
}
