import { isOperator } from '../../data/session.js';
import { shownTask } from '../../data/tasks.js';
import { copyText } from '../../parts/copy.js';
import { moving } from '../board/board-state.js';
import { type Move, makeMove, movesFrom } from '../board/moves.js';
import { isEditing } from './edit-dialog.js';
import { type TaskDetail, toMarkdown } from './task-data.js';

/** What a person may do with the task now. What the key may not do is not there. */
export function TaskActions({ task }: { readonly task: TaskDetail }) {
  const make = (move: Move) => {
    const shown = shownTask(task.id).peek();
    if (move.needs) moving.value = { id: task.id, to: move.to };
    else if (shown) void makeMove(shown, move);
  };
  return (
    <>
      {isOperator.value &&
        movesFrom(task.status).map((move) => (
          <button
            type="button"
            key={move.does}
            class={move.to === 'DONE' ? 'main' : isDanger(move) ? 'danger' : ''}
            onClick={() => make(move)}
          >
            {move.does}
          </button>
        ))}
      {isOperator.value && (
        <button type="button" title="Edit the task (e)" onClick={() => (isEditing.value = true)}>
          Edit
        </button>
      )}
      <button
        type="button"
        title="Copy as Markdown"
        onClick={() => void copyText(toMarkdown(task), `${task.ref} as Markdown`)}
      >
        Copy
      </button>
    </>
  );
}

function isDanger({ to }: Move): boolean {
  return to === 'CANCELLED' || to === 'FAILED';
}
