import type { Order } from './task-order.js';
import { shownTask, type TaskCard } from './tasks.js';

/** What decides whether and where a task is in a list. */
export interface Placement {
  /** Whether the task belongs to the list. */
  readonly belongs: boolean;
  readonly order: Order;
  /** Whether the list goes on behind the last id: a task behind it arrives with its page. */
  readonly hasMore: boolean;
}

/** The ids after a task has changed; the same array if nothing moves. */
export function withTask(
  ids: readonly string[],
  task: TaskCard,
  { belongs, order, hasMore }: Placement,
): readonly string[] {
  const others = ids.filter((id) => id !== task.id);
  const wasIn = others.length < ids.length;
  if (!belongs) return wasIn ? others : ids;
  const at = placeIn(others, task, order);
  const isBehind = at === others.length && hasMore && !wasIn;
  if (isBehind || (wasIn && ids[at] === task.id)) return ids;
  return others.toSpliced(at, 0, task.id);
}

/** The place of a task in a sorted list, by halving. */
function placeIn(ids: readonly string[], task: TaskCard, { compare }: Order): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = shownTask(ids[middle] ?? '').peek();
    if (other && compare(other, task) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
