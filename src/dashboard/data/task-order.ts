import type { TaskOrder } from '../../sdk/index.js';
import type { TaskCard } from './tasks.js';

const priorities = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'];

/** An order of tasks, as the server sorts and as this page keeps the place of a changed task. */
export interface Order {
  readonly orderBy: TaskOrder;
  readonly compare: (one: TaskCard, other: TaskCard) => number;
}

/** The order in which tasks are claimed. */
export const queueOrder: Order = {
  orderBy: { field: 'QUEUE', direction: 'ASC' },
  compare: (one, other) =>
    priorities.indexOf(one.priority) - priorities.indexOf(other.priority) ||
    compareDue(one.dueAt, other.dueAt) ||
    compareTexts(one.createdAt, other.createdAt) ||
    numberOf(one) - numberOf(other),
};

/** The task that changed last comes first. */
export const latestFirst: Order = {
  orderBy: { field: 'UPDATED_AT', direction: 'DESC' },
  compare: (one, other) => compareTexts(other.updatedAt, one.updatedAt) || numberOf(other) - numberOf(one),
};

/** Tasks without a due date come last. */
function compareDue(one: string | null, other: string | null): number {
  if (one === null || other === null) return Number(one === null) - Number(other === null);
  return compareTexts(one, other);
}

/** Instants in the form of the API sort as texts. */
function compareTexts(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function numberOf({ ref }: TaskCard): number {
  return Number(ref.slice(ref.lastIndexOf('-') + 1));
}
