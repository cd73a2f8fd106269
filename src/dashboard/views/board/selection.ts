import { signal } from '@preact/signals';
import { isOperator } from '../../data/session.js';
import { peekTask, type ShownTask } from '../../data/tasks.js';

/** The ids of the tasks that are selected for a change of many at once, in the order of their selection. */
export const selection = signal<ReadonlySet<string>>(new Set());

/** The most tasks that one change takes. */
export const MAX_SELECTED = 100;

/** Selects a task, or takes it out of the selection. */
export function toggleSelected(id: string): void {
  if (id === '' || !isOperator.peek()) return;
  const next = new Set(selection.peek());
  if (!next.delete(id) && next.size < MAX_SELECTED) next.add(id);
  selection.value = next;
}

/** Selects several tasks, as far as one change takes them. */
export function select(ids: readonly string[]): void {
  selection.value = new Set([...selection.peek(), ...ids].slice(0, MAX_SELECTED));
}

/** Selects nothing. */
export function clearSelection(): void {
  if (selection.peek().size > 0) selection.value = new Set();
}

/** The selected tasks as they are shown now. */
export function selectedTasks(): readonly ShownTask[] {
  return [...selection.peek()].flatMap((id) => peekTask(id) ?? []);
}
