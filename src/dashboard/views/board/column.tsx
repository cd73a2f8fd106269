import { useEffect } from 'preact/hooks';
import type { TaskStatus } from '../../../sdk/index.js';
import { latestFirst, queueOrder } from '../../data/task-order.js';
import { peekTask } from '../../data/tasks.js';
import { Loading, Problem } from '../../parts/states.js';
import { WindowedList } from '../../parts/windowed-list.js';
import { lookOf } from '../../parts/words.js';
import type { BoardFilter } from './board-filter.js';
import { columnIds, dragged, FOLDED, moving, selectedId } from './board-state.js';
import { Card } from './card.js';
import { makeMove, moveTo } from './moves.js';
import { useTaskList } from './use-task-list.js';

const CARD_HEIGHT = 92;

interface ColumnProps {
  readonly status: TaskStatus;
  readonly filter: BoardFilter;
  readonly count: number | undefined;
}

/** The tasks of one status. Cards are dropped here where the table of transitions allows it; else the column dims. */
export function Column({ status, filter, count }: ColumnProps) {
  const list = useTaskList([status], filter, FOLDED.includes(status) ? latestFirst : queueOrder);
  const ids = list.ids.value;
  columnIds.set(status, ids);
  useEffect(() => () => void columnIds.delete(status), [status]);
  const drag = dragged.value;
  const isTarget = drag !== null && moveTo(drag.status, status) !== undefined;
  const look = lookOf(status);
  return (
    <section
      class="column"
      aria-label={look.word}
      data-dim={drag !== null && !isTarget && drag.status !== status ? '' : undefined}
      data-target={isTarget ? '' : undefined}
      onDragOver={(event) => isTarget && event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        if (drag) drop(drag.id, status);
      }}
    >
      <h2 class="column-head">
        <span class="status" data-tone={look.tone}>
          <i aria-hidden="true">{look.shape}</i>
          {look.word}
        </span>
        <span class="quiet">{count?.toLocaleString('en') ?? ''}</span>
      </h2>
      {list.problem.value !== '' && <Problem text={list.problem.value} onRetry={list.readMore} />}
      {list.isRead.value || list.problem.value !== '' ? null : <Loading />}
      {list.isRead.value && ids.length === 0 && <p class="quiet small column-empty">None.</p>}
      <WindowedList
        ids={ids}
        rowHeight={CARD_HEIGHT}
        selected={selectedId.value}
        onEnd={list.readMore}
        label={`Tasks: ${look.word}`}
        class="column-list"
      >
        {(id) => <Card id={id} />}
      </WindowedList>
    </section>
  );
}

function drop(id: string, to: TaskStatus): void {
  const task = peekTask(id);
  const move = task && moveTo(task.status, to);
  dragged.value = null;
  if (!task || !move) return;
  if (move.needs === undefined) void makeMove(task, move);
  else moving.value = { id, to };
}
