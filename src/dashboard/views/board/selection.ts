import { computed, signal } from '@preact/signals';
import type { TaskFilter } from '../../../sdk/index.js';
import { isOperator } from '../../data/session.js';
import { peekTask, type ShownTask } from '../../data/tasks.js';

/** The ids of the tasks that are selected for a change of many at once, in the order of their selection. */
export const selection = signal<ReadonlySet<string>>(new Set());

/** The most tasks that are selected one by one: a filter of the API names at most as many. */
const MAX_SELECTED = 100;

/** What is selected instead of single tasks: all that match the filter, also those that the page has not read. */
export const everything = signal<{ readonly filter: TaskFilter; readonly count: number } | null>(null);

/** How many tasks are selected. */
export const selectedCount = computed(() => everything.value?.count ?? selection.value.size);

/** Selects a task, or takes it out of the selection. */
export function toggleSelected(id: string): void {
  if (id === '' || !isOperator.peek()) return;
  const next = new Set(selection.peek());
  if (!next.delete(id) && next.size < MAX_SELECTED) next.add(id);
  everything.value = null;
  selection.value = next;
}

/** Selects several tasks, as far as one change takes them. */
export function select(ids: readonly string[]): void {
  everything.value = null;
  selection.value = new Set([...selection.peek(), ...ids].slice(0, MAX_SELECTED));
}

/** Selects nothing. */
export function clearSelection(): void {
  everything.value = null;
  if (selection.peek().size > 0) selection.value = new Set();
}

/** The selected tasks as they are shown now. */
export function selectedTasks(): readonly ShownTask[] {
  return [...selection.peek()].flatMap((id) => peekTask(id) ?? []);
}
