import type { Order } from './task-order.js';
import { peekTask, type TaskCard } from './tasks.js';

/** What decides whether and where a task is in a list. */
export interface Placement {
  readonly belongs: (task: TaskCard) => boolean;
  /** Whether the task is in the list now. */
  readonly has: (id: string) => boolean;
  readonly order: Order;
  /** Whether the list goes on behind the last id: a task behind it arrives with its page. */
  readonly hasMore: boolean;
}

/**
 * The ids after tasks have changed; the same array if nothing moves. The list is copied once for all of them, because it may have
 * a hundred thousand entries.
 */
export function withTasks(
  ids: readonly string[],
  tasks: readonly TaskCard[],
  { belongs, has, order, hasMore }: Placement,
): readonly string[] {
  const concerned = tasks.filter((task) => has(task.id) || belongs(task));
  if (concerned.length === 0) return ids;
  const known = new Set(concerned.map(({ id }) => id).filter(has));
  const next = known.size === 0 ? [...ids] : ids.filter((id) => !known.has(id));
  for (const task of concerned.filter(belongs)) {
    const at = placeIn(next, task, order);
    const isBehind = at === next.length && hasMore && !known.has(task.id);
    if (!isBehind) next.splice(at, 0, task.id);
  }
  return next.length === ids.length && next.every((id, index) => id === ids[index]) ? ids : next;
}

/** The place of a task in a sorted list, by halving. */
function placeIn(ids: readonly string[], task: TaskCard, { compare }: Order): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = peekTask(ids[middle] ?? '');
    if (other && compare(other, task) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
