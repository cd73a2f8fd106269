import { useEffect, useRef } from 'preact/hooks';
import { followFilter } from '../../data/filter-changes.js';
import { useKeys } from '../../frame/keyboard.js';
import { Page } from '../../frame/page.js';
import { openedTask } from '../../frame/router.js';
import { useScrollPlace } from '../../frame/scroll-place.js';
import { TaskPanel } from '../task/task-panel.js';
import { changesByItself, readFilter, toTaskFilter } from './board-filter.js';
import { boardKeys, listKeys } from './board-keys.js';
import { isList, openColumns, useCounts } from './board-state.js';
import { BulkBar } from './bulk-bar.js';
import { Column } from './column.js';
import { FilterBar } from './filter-bar.js';
import { FoldedColumns, StatusChips } from './folded.js';
import { TaskRows } from './list.js';
import { MoveDialog } from './move-dialog.js';
import { clearSelection } from './selection.js';
import { UnknownValues } from './unknown-values.js';
import './board.css';

/** Tasks in columns by status, or as a list. Every filter is part of the address. */
export default function Board() {
  const filter = readFilter();
  const counts = useCounts(filter);
  const { all, today } = counts.data.value ?? {};
  // Few tasks need input, and an empty column would take the place of the others.
  const hasQuestions = (all?.get('INPUT_REQUIRED') ?? 0) > 0;
  const columns = openColumns().filter((status) => status !== 'INPUT_REQUIRED' || hasQuestions || isList());
  const total = columns.reduce((sum, status) => sum + (all?.get(status) ?? 0), 0);
  useKeys(isList() ? listKeys() : boardKeys(columns));
  const columnsBox = useRef<HTMLDivElement>(null);
  useScrollPlace(columnsBox, 'columns');
  const key = JSON.stringify(filter);
  useEffect(() => clearSelection, [key]);
  useEffect(
    () => (changesByItself(filter) ? followFilter(toTaskFilter(filter), counts.reload) : undefined),
    [key],
  );
  return (
    <Page title="Board" isFixed tools={<FilterBar filter={filter} />}>
      <UnknownValues />
      {isList() && <StatusChips columns={columns} counts={all} />}
      <div class="board-area">
        {isList() ? (
          <TaskRows statuses={columns} filter={filter} />
        ) : (
          <div class="board" ref={columnsBox}>
            {columns.map((status) => (
              <Column key={status} status={status} filter={filter} count={all?.get(status)} />
            ))}
          </div>
        )}
        {!isList() && <FoldedColumns columns={columns} counts={all} today={today} />}
        {openedTask.value !== '' && <TaskPanel key={openedTask.value} taskRef={openedTask.value} />}
      </div>
      <BulkBar filter={toTaskFilter(filter, columns)} total={total} />
      <MoveDialog />
    </Page>
  );
}
