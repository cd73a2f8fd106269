import type { TaskStatus } from '../../../sdk/index.js';
import { isOperator } from '../../data/session.js';
import { peekTask } from '../../data/tasks.js';
import type { KeyBinding } from '../../frame/keyboard.js';
import { navigate, queryValue, setQuery } from '../../frame/router.js';
import { columnIds, listIds, moving, selectedId } from './board-state.js';
import { clearSelection, selection, toggleSelected } from './selection.js';

/** The keys of the columns. */
export function boardKeys(columns: readonly TaskStatus[]): KeyBinding[] {
  return [
    { keys: 'j', does: 'Next task', run: () => step(1) },
    { keys: 'k', does: 'Previous task', run: () => step(-1) },
    { keys: 'l', does: 'Next column', run: () => sidestep(columns, 1) },
    { keys: 'h', does: 'Previous column', run: () => sidestep(columns, -1) },
    ...taskKeys(),
  ];
}

/** The keys of the list. */
export function listKeys(): KeyBinding[] {
  return [
    { keys: 'j', does: 'Next task', run: () => stepIn(listIds.peek(), 1) },
    { keys: 'k', does: 'Previous task', run: () => stepIn(listIds.peek(), -1) },
    ...taskKeys(),
  ];
}

/** What both have: the keys of the task that the keyboard is on. */
function taskKeys(): KeyBinding[] {
  const task = () => peekTask(selectedId.value);
  return [
    { keys: 'o', does: 'Open in a panel', run: () => setQuery({ open: task()?.ref ?? '' }) },
    { keys: 'Enter', does: 'Open the page', run: () => task() && navigate(`/tasks/${task()?.ref}`) },
    ...(isOperator.value
      ? [
          { keys: 'x', does: 'Select', run: () => toggleSelected(selectedId.value) },
          {
            ...{ keys: 'm', does: 'Move to another status' },
            run: () => {
              if (task()) moving.value = { id: selectedId.value, to: null };
            },
          },
        ]
      : []),
    {
      ...{ keys: 'v', does: 'Columns or list' },
      run: () => setQuery({ view: queryValue('view') === 'list' ? '' : 'list' }),
    },
    { keys: '/', does: 'Filter', run: () => document.querySelector<HTMLElement>('.filter-text')?.focus() },
    { keys: 'Escape', does: 'Clear the selection, close the panel', run: goBack },
  ];
}

function goBack(): void {
  if (selection.peek().size > 0) clearSelection();
  else if (queryValue('open') !== '') setQuery({ open: '' });
}

/** Moves up or down within the ids. */
function stepIn(ids: readonly string[], by: number): void {
  const at = ids.indexOf(selectedId.value);
  selectedId.value = ids[at < 0 ? 0 : Math.min(ids.length - 1, Math.max(0, at + by))] ?? '';
}

/** Moves up or down within the column. */
function step(by: number): void {
  const columns = [...columnIds.values()];
  const here = columns.find((ids) => ids.includes(selectedId.value));
  stepIn(here ?? columns.find((ids) => ids.length > 0) ?? [], by);
}

/** Moves to the task at the same height of the next column that has any. */
function sidestep(columns: readonly TaskStatus[], by: number): void {
  const here = columns.findIndex((status) => columnIds.get(status)?.includes(selectedId.value));
  if (here < 0) {
    step(0);
    return;
  }
  const at = columnIds.get(columns[here] as TaskStatus)?.indexOf(selectedId.value) ?? 0;
  for (let next = here + by; next >= 0 && next < columns.length; next += by) {
    const ids = columnIds.get(columns[next] as TaskStatus) ?? [];
    if (ids.length > 0) {
      selectedId.value = ids[Math.min(at, ids.length - 1)] ?? '';
      return;
    }
  }
}
