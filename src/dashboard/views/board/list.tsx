import type { TaskStatus } from '../../../sdk/index.js';
import { isOperator } from '../../data/session.js';
import { orderOf } from '../../data/task-order.js';
import { type ShownTask, shownTask } from '../../data/tasks.js';
import { basePath, queryValue, setQuery } from '../../frame/router.js';
import { PriorityMark, StatusMark } from '../../parts/marks.js';
import { Loading, Problem } from '../../parts/states.js';
import { Age, Ago } from '../../parts/time.js';
import { WindowedList } from '../../parts/windowed-list.js';
import { waitText } from '../../parts/words.js';
import type { BoardFilter } from './board-filter.js';
import { listIds, selectedId } from './board-state.js';
import { Tries } from './card.js';
import { SORTS } from './list-order.js';
import { clearSelection, select, selection, toggleSelected } from './selection.js';
import { useTaskList } from './use-task-list.js';
import './list.css';

const ROW = 36;
/** On a narrow page a row has two lines. */
const ROW_NARROW = 56;

interface ListProps {
  readonly statuses: readonly TaskStatus[];
  readonly filter: BoardFilter;
}

/** The tasks of the board as one list with columns to sort by. */
export function TaskRows({ statuses, filter }: ListProps) {
  const sort = SORTS[queryValue('sort')] ?? 'QUEUE';
  const list = useTaskList(statuses, filter, orderOf(sort, queryValue('dir') === 'desc'));
  const ids = list.ids.value;
  listIds.value = ids;
  return (
    <section class="task-rows" aria-label="Tasks">
      <Head ids={ids} />
      {list.problem.value !== '' && <Problem text={list.problem.value} onRetry={list.readMore} />}
      {list.isRead.value || list.problem.value !== '' ? null : <Loading />}
      {list.isRead.value && ids.length === 0 && <p class="quiet rows-empty">No task matches.</p>}
      <WindowedList
        ids={ids}
        rowHeight={matchMedia('(max-width: 640px)').matches ? ROW_NARROW : ROW}
        selected={selectedId.value}
        onEnd={list.readMore}
        label="List of tasks"
        class="rows-list"
      >
        {(id) => <Row id={id} />}
      </WindowedList>
    </section>
  );
}

function Head({ ids }: { readonly ids: readonly string[] }) {
  const isAll = ids.length > 0 && ids.slice(0, 100).every((id) => selection.value.has(id));
  return (
    <div class="task-row rows-head small">
      {isOperator.value && (
        <input
          type="checkbox"
          aria-label="Select the first 100 tasks"
          checked={isAll}
          onChange={() => (isAll ? clearSelection() : select(ids.slice(0, 100)))}
        />
      )}
      <SortButton name="queue" text="Task" title="the order in which tasks are claimed" />
      <span class="row-title">Title</span>
      <SortButton name="since" text="Status" title="the time in its status" class="row-status" />
      <SortButton name="priority" text="Priority" />
      <span class="row-agent">Agent</span>
      <span class="row-wait">Waits for</span>
      <SortButton name="due" text="Due" />
      <SortButton name="created" text="Created" />
      <SortButton name="updated" text="Changed" />
    </div>
  );
}

interface SortProps {
  readonly name: string;
  readonly text: string;
  readonly title?: string;
  readonly class?: string;
}

function SortButton({ name, text, title = text.toLowerCase(), class: place = `row-${name}` }: SortProps) {
  const isChosen = (queryValue('sort') || 'queue') === name;
  const isDescending = queryValue('dir') === 'desc';
  const turns = name !== 'queue' && isChosen && !isDescending;
  return (
    <button
      type="button"
      class={`plain ${place}`}
      aria-pressed={isChosen}
      title={`Sort by ${title}`}
      onClick={() => setQuery({ sort: name === 'queue' ? '' : name, dir: turns ? 'desc' : '' })}
    >
      {text} {isChosen && <span aria-hidden="true">{isDescending ? '↓' : '↑'}</span>}
    </button>
  );
}

function Row({ id }: { readonly id: string }) {
  const task = shownTask(id).value;
  if (task === null) return null;
  return (
    <div
      class="task-row"
      data-id={id}
      data-selected={selectedId.value === id ? '' : undefined}
      data-checked={selection.value.has(id) ? '' : undefined}
      data-pending={task.isPending ? '' : undefined}
    >
      {isOperator.value && (
        <input
          type="checkbox"
          aria-label={`Select ${task.ref}`}
          checked={selection.value.has(id)}
          onChange={() => toggleSelected(id)}
        />
      )}
      <span class="ref row-queue">{task.ref}</span>
      <a
        class="cut text row-title"
        href={`${basePath}/tasks/${task.ref}`}
        title={task.title}
        onFocus={() => {
          selectedId.value = id;
        }}
      >
        {task.title}
      </a>
      <span class="row-status">
        <StatusMark status={task.status} />
        <span class="quiet small row-since">
          <Age since={task.statusAt} />
        </span>
      </span>
      <span class="row-priority">
        <PriorityMark priority={task.priority} />
      </span>
      <span class="cut text row-agent">{task.assignee?.name ?? <span class="quiet">unassigned</span>}</span>
      <Facts task={task} />
    </div>
  );
}

function Facts({ task }: { readonly task: ShownTask }) {
  const [reason] = task.waitingOn;
  return (
    <>
      <span class="cut quiet row-wait">
        <Tries task={task} /> {reason && reason !== 'WAITING_FOR_CLAIM' ? waitText(reason) : ''}
      </span>
      <span class="quiet row-due">{task.dueAt === null ? '' : <Ago at={task.dueAt} />}</span>
      <span class="quiet row-created">
        <Ago at={task.createdAt} />
      </span>
      <span class="quiet row-updated">
        <Age since={task.updatedAt} />
      </span>
    </>
  );
}
