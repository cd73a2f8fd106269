import { useEffect } from 'preact/hooks';
import { isOperator } from '../../data/session.js';
import { useKeys } from '../../frame/keyboard.js';
import { Page } from '../../frame/page.js';
import { rememberTask } from '../../frame/palette-state.js';
import { Empty, Loading, Problem } from '../../parts/states.js';
import { moving } from '../board/board-state.js';
import { MoveDialog } from '../board/move-dialog.js';
import type { ViewProps } from '../view.js';
import { closeEditor, EditDialog, isEditing } from './edit-dialog.js';
import { TaskActions } from './task-actions.js';
import { TaskBody } from './task-body.js';
import { useTask } from './task-data.js';

/** The page of one task. */
export default function TaskPage({ params }: ViewProps) {
  const ref = params.ref ?? '';
  const { data, problem, reload } = useTask(ref);
  const task = data.value;
  useEffect(() => closeEditor, [ref]);
  useEffect(() => {
    if (task) rememberTask(task);
  }, [task?.ref, task?.title]);
  useKeys([
    { keys: 'c', does: 'Write a comment', run: focusComment },
    ...(isOperator.value && task
      ? [
          {
            keys: 'm',
            does: 'Move to another status',
            run: () => (moving.value = { id: task.id, to: null }),
          },
          { keys: 'e', does: 'Edit the task', run: () => (isEditing.value = true) },
        ]
      : []),
    { keys: 'Escape', does: 'Back', run: () => history.back() },
  ]);
  return (
    <Page
      title={task ? `${ref} ${task.title}` : ref}
      heading={ref}
      tools={task && <TaskActions task={task} />}
    >
      {problem.value !== '' && <Problem text={problem.value} onRetry={reload} />}
      {task === undefined && problem.value === '' && <Loading />}
      {task === null && (
        <Empty title={`There is no task ${ref} that this key may see`}>
          <p>The number may be mistyped, or the task belongs to another agent.</p>
        </Empty>
      )}
      {task && <TaskBody task={task} />}
      <MoveDialog />
      {task && isEditing.value && <EditDialog key={task.id} task={task} />}
    </Page>
  );
}

/** Puts the cursor into the field for a comment. */
function focusComment(): void {
  document.querySelector<HTMLElement>('.comment-box textarea')?.focus();
}
