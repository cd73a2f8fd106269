import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { isOperator } from '../../data/session.js';
import { createTaskList, type TaskList } from '../../data/task-list.js';
import { queueOrder } from '../../data/task-order.js';
import { shownTask } from '../../data/tasks.js';
import { useKeys } from '../../frame/keyboard.js';
import { Page } from '../../frame/page.js';
import { basePath, queryValue, setQuery } from '../../frame/router.js';
import { PriorityMark } from '../../parts/marks.js';
import { Empty, Loading, Problem } from '../../parts/states.js';
import { Age } from '../../parts/time.js';
import { WindowedList } from '../../parts/windowed-list.js';
import { useTask } from '../task/task-data.js';
import { Asked } from './asked.js';
import { Delivered } from './delivered.js';
import { judge } from './judge.js';
import { RejectDialog } from './verdict-form.js';
import '../task/task.css';
import '../board/board.css';
import './reviews.css';

const ROW_HEIGHT = 52;

/** The work that waits for a verdict, beside what was asked. */
export default function Reviews() {
  const list = useReviewList();
  const ids = list.ids.value;
  const asked = queryValue('task');
  const selected = ids.find((id) => shownTask(id).value?.ref === asked) ?? ids[0];
  const ref = selected ? (shownTask(selected).value?.ref ?? '') : '';
  const step = (by: number) => {
    const next = ids[Math.min(ids.length - 1, Math.max(0, ids.indexOf(selected ?? '') + by))];
    const task = next ? shownTask(next).peek() : null;
    if (task) setQuery({ task: task.ref }, { replace: true });
  };
  useKeys([
    { keys: 'j', does: 'Next review', run: () => step(1) },
    { keys: 'n', does: 'Next review', run: () => step(1) },
    { keys: 'k', does: 'Previous review', run: () => step(-1) },
  ]);
  const count = ids.length === 0 ? '' : `${ids.length}${list.hasMore.value ? '+' : ''} waiting`;
  return (
    <Page title="Reviews" isFixed tools={<span class="quiet">{count}</span>}>
      {list.problem.value !== '' && <Problem text={list.problem.value} onRetry={list.readMore} />}
      {!list.isRead.value && list.problem.value === '' && <Loading />}
      {list.isRead.value && ids.length === 0 && (
        <Empty title="No work waits for a verdict">
          <p>Work appears here when an agent has completed a task whose review policy requires a verdict.</p>
        </Empty>
      )}
      {selected && ref !== '' && (
        <div class="reviews">
          <WindowedList
            ids={ids}
            rowHeight={ROW_HEIGHT}
            selected={selected}
            onEnd={list.readMore}
            label="Work that waits for a verdict"
            class="review-list"
          >
            {(id) => <Row id={id} isSelected={id === selected} />}
          </WindowedList>
          <Inspection key={ref} taskRef={ref} />
        </div>
      )}
    </Page>
  );
}

function useReviewList(): TaskList {
  const list = useMemo(
    () =>
      createTaskList({
        filter: { status: ['REVIEW'] },
        matches: ({ status }) => status === 'REVIEW',
        order: queueOrder,
      }),
    [],
  );
  useEffect(() => () => list.end(), [list]);
  return list;
}

function Row({ id, isSelected }: { readonly id: string; readonly isSelected: boolean }) {
  const task = shownTask(id).value;
  if (!task) return null;
  return (
    <a
      class="review-row"
      href={`${basePath}/reviews?task=${task.ref}`}
      aria-current={isSelected ? 'true' : undefined}
    >
      <span class="review-title text">{task.title}</span>
      <span class="small quiet">
        <span class="ref">{task.ref}</span> <PriorityMark priority={task.priority} />
        {task.reviewCycles > 0 && <span class="warning"> round {task.reviewCycles + 1}</span>}
        <span class="review-age">
          <Age since={task.statusAt} />
        </span>
      </span>
    </a>
  );
}

function Inspection({ taskRef }: { readonly taskRef: string }) {
  const { data, problem, reload } = useTask(taskRef);
  const isRejecting = useSignal(false);
  const task = data.value;
  const approve = () => {
    if (task) void judge(task, 'APPROVED');
  };
  const askForNote = () => {
    if (task) isRejecting.value = true;
  };
  useKeys(
    isOperator.value
      ? [
          { keys: 'a', does: 'Approve', run: approve },
          { keys: 'r', does: 'Reject with a note', run: askForNote },
        ]
      : [],
  );
  if (problem.value !== '') return <Problem text={problem.value} onRetry={reload} />;
  if (!task) return <Loading />;
  return (
    <div class="inspection">
      <header class="review-head">
        <a class="text cut" href={`${basePath}/tasks/${task.ref}`}>
          {task.ref} {task.title}
        </a>
        {isOperator.value && (
          <span class="review-buttons">
            <button type="button" class="main" onClick={approve}>
              Approve <kbd>a</kbd>
            </button>
            <button type="button" onClick={askForNote}>
              Reject <kbd>r</kbd>
            </button>
          </span>
        )}
      </header>
      <div class="panes">
        <Asked task={task} />
        <Delivered task={task} />
      </div>
      {isRejecting.value && (
        <RejectDialog
          label={`Reject ${task.ref}`}
          onClose={() => (isRejecting.value = false)}
          onSubmit={(note) => {
            isRejecting.value = false;
            void judge(task, 'REJECTED', note);
          }}
        />
      )}
    </div>
  );
}
