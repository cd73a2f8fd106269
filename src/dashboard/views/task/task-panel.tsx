import { basePath, setQuery } from '../../frame/router.js';
import { Loading, Problem } from '../../parts/states.js';
import { TaskBody } from './task-body.js';
import { useTask } from './task-data.js';

/** A task at the right of a list. Escape closes it. */
export function TaskPanel({ taskRef }: { readonly taskRef: string }) {
  const { data, problem, reload } = useTask(taskRef);
  const task = data.value;
  return (
    <aside class="panel" aria-label={taskRef}>
      <header class="panel-head">
        <a class="text cut" href={`${basePath}/tasks/${taskRef}`}>
          {taskRef} {task?.title}
        </a>
        <button type="button" onClick={() => setQuery({ open: '' })} title="Close (Esc)">
          Close
        </button>
      </header>
      <div class="panel-body">
        {problem.value !== '' && <Problem text={problem.value} onRetry={reload} />}
        {task === undefined && problem.value === '' && <Loading />}
        {task === null && <p class="quiet">There is no such task that this key may see.</p>}
        {task && <TaskBody task={task} />}
      </div>
    </aside>
  );
}
