import { type ReadonlySignal, signal } from '@preact/signals';
import { type Placement, withTasks } from './sorted-ids.js';
import { peekTask, type TaskCard } from './tasks.js';

/** The ids of a list in its order. */
export interface PlacedIds {
  readonly ids: ReadonlySignal<readonly string[]>;
  readonly has: (id: string) => boolean;
  /** Puts changed tasks to their places, or takes them out. */
  readonly place: (tasks: readonly TaskCard[], hasMore: boolean) => void;
  /** Adds the tasks of a page at the end. The first page replaces what was there. */
  readonly append: (page: readonly TaskCard[], isFirst: boolean) => void;
}

/** Creates an empty list of ids. They can be looked up without a search: a list may have a hundred thousand. */
export function createPlacedIds({ belongs, order }: Pick<Placement, 'belongs' | 'order'>): PlacedIds {
  const ids = signal<readonly string[]>([]);
  const members = new Set<string>();
  const has = (id: string) => members.has(id);

  function place(tasks: readonly TaskCard[], hasMore: boolean): void {
    const before = ids.peek();
    const after = withTasks(before, tasks, { belongs, has, order, hasMore });
    if (after === before) return;
    const touched = new Set(tasks.map(({ id }) => id));
    for (const id of touched) members.delete(id);
    for (const id of after) if (touched.has(id)) members.add(id);
    ids.value = after;
  }

  function append(page: readonly TaskCard[], isFirst: boolean): void {
    if (isFirst) members.clear();
    const added = page.filter(({ id }) => !members.has(id) && isShown(id));
    for (const { id } of added) members.add(id);
    ids.value = [...(isFirst ? [] : ids.peek()), ...added.map(({ id }) => id)];
  }

  /** Whether the task belongs to the list as it is shown now, which may be newer than its page. */
  function isShown(id: string): boolean {
    const task = peekTask(id);
    return task !== null && belongs(task);
  }
  return { ids, has, place, append };
}
