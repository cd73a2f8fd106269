import type { TaskStatus } from '../../../sdk/index.js';
import { isOperator } from '../../data/session.js';
import { shownTask } from '../../data/tasks.js';
import { type KeyBinding, useKeys } from '../../frame/keyboard.js';
import { Page } from '../../frame/page.js';
import { navigate, openedTask, setQuery } from '../../frame/router.js';
import { lookOf } from '../../parts/words.js';
import { TaskPanel } from '../task/task-panel.js';
import { readFilter } from './board-filter.js';
import { columnIds, FOLDED, moving, openColumns, selectedId, useCounts } from './board-state.js';
import { Column } from './column.js';
import { FilterBar } from './filter-bar.js';
import { MoveDialog } from './move-dialog.js';
import './board.css';

/** Tasks in columns by status. Every filter is part of the address. */
export default function Board() {
  const filter = readFilter();
  const counts = useCounts(filter);
  // Few tasks need input, and an empty column would take the place of the others.
  const hasQuestions = (counts.data.value?.get('INPUT_REQUIRED') ?? 0) > 0;
  const columns = openColumns().filter((status) => status !== 'INPUT_REQUIRED' || hasQuestions);
  useKeys(boardKeys(columns));
  return (
    <Page title="Board" isFixed tools={<FilterBar filter={filter} />}>
      <div class="board-area">
        <div class="board">
          {columns.map((status) => (
            <Column key={status} status={status} filter={filter} count={counts.data.value?.get(status)} />
          ))}
          <FoldedColumns columns={columns} counts={counts.data.value} />
        </div>
        {openedTask.value !== '' && <TaskPanel key={openedTask.value} taskRef={openedTask.value} />}
      </div>
      <MoveDialog />
    </Page>
  );
}

interface FoldedProps {
  readonly columns: readonly TaskStatus[];
  readonly counts: ReadonlyMap<string, number> | undefined;
}

/** The ended tasks as counts. A click opens their column beside the others. */
function FoldedColumns({ columns, counts }: FoldedProps) {
  const folded = FOLDED.filter((status) => !columns.includes(status));
  return (
    <div class="folded">
      {folded.map((status) => {
        const look = lookOf(status);
        return (
          <button
            type="button"
            key={status}
            title={`Show the column ${look.word}`}
            onClick={() => setQuery({ status: [...columns, status].join(',') })}
          >
            <span class="status" data-tone={look.tone}>
              <i aria-hidden="true">{look.shape}</i>
              {look.word}
            </span>
            <span class="quiet">{counts?.get(status)?.toLocaleString('en') ?? ''}</span>
          </button>
        );
      })}
      {folded.length < FOLDED.length && (
        <button type="button" onClick={() => setQuery({ status: '' })}>
          Fold
        </button>
      )}
    </div>
  );
}

function boardKeys(columns: readonly TaskStatus[]): KeyBinding[] {
  const task = () => shownTask(selectedId.value).peek();
  return [
    { keys: 'j', does: 'Next task', run: () => step(1) },
    { keys: 'k', does: 'Previous task', run: () => step(-1) },
    { keys: 'l', does: 'Next column', run: () => sidestep(columns, 1) },
    { keys: 'h', does: 'Previous column', run: () => sidestep(columns, -1) },
    { keys: 'o', does: 'Open in a panel', run: () => setQuery({ open: task()?.ref ?? '' }) },
    { keys: 'Enter', does: 'Open the page', run: () => task() && navigate(`/tasks/${task()?.ref}`) },
    ...(isOperator.value
      ? [
          {
            ...{ keys: 'm', does: 'Move to another status' },
            run: () => {
              if (task()) moving.value = { id: selectedId.value, to: null };
            },
          },
        ]
      : []),
    { keys: '/', does: 'Filter', run: () => document.querySelector<HTMLElement>('.filter-text')?.focus() },
    { keys: 'Escape', does: 'Close the panel', run: () => setQuery({ open: '' }) },
  ];
}

/** Moves up or down within the column. */
function step(by: number): void {
  for (const ids of columnIds.values()) {
    const at = ids.indexOf(selectedId.value);
    if (at >= 0) {
      selectedId.value = ids[Math.min(ids.length - 1, Math.max(0, at + by))] ?? '';
      return;
    }
  }
  selectedId.value = [...columnIds.values()].find((ids) => ids.length > 0)?.[0] ?? '';
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
