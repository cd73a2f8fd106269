import { useSignal } from '@preact/signals';
import { isOperator, messageOf, session } from '../../data/session.js';
import { Refused, textIn } from '../../parts/form.js';
import { StatusMark, TaskLink } from '../../parts/marks.js';
import type { TaskDetail } from './task-data.js';

type Related = TaskDetail['dependsOn'][number];

/** What the task waits for, and what waits for it. Before the work begins an operator can change the former. */
export function Dependencies({ task }: { readonly task: TaskDetail }) {
  const problem = useSignal('');
  const mayEdit = isOperator.value && ['INBOX', 'ASSIGNED'].includes(task.status);
  const edit = async (verb: 'addDependency' | 'removeDependency', dependsOn: { ref: string }) => {
    problem.value = '';
    try {
      await session.value?.client[verb]({ task: { id: task.id }, dependsOn });
      return true;
    } catch (error) {
      problem.value = messageOf(error);
      return false;
    }
  };
  return (
    <>
      {(task.dependsOn.length > 0 || mayEdit) && (
        <section aria-label="Depends on">
          <h2>Depends on</h2>
          <Tasks
            tasks={task.dependsOn}
            {...(mayEdit ? { onRemove: ({ ref }) => void edit('removeDependency', { ref }) } : {})}
          />
          {mayEdit && <AddForm onAdd={(ref) => edit('addDependency', { ref })} />}
          <Refused reason={problem.value} />
        </section>
      )}
      {task.dependents.length > 0 && (
        <section aria-label="Needed by">
          <h2>Needed by</h2>
          <Tasks tasks={task.dependents} />
        </section>
      )}
    </>
  );
}

interface TasksProps {
  readonly tasks: readonly Related[];
  readonly onRemove?: (task: Related) => void;
}

function Tasks({ tasks, onRemove }: TasksProps) {
  if (tasks.length === 0) return null;
  return (
    <ul class="related">
      {tasks.map((task) => (
        <li key={task.id}>
          <StatusMark status={task.status} />
          <span class="ref">{task.ref}</span>
          <TaskLink task={task} />
          {onRemove && (
            <button
              type="button"
              class="plain quiet small"
              aria-label={`Remove the dependency on ${task.ref}`}
              onClick={() => onRemove(task)}
            >
              Remove
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

function AddForm({ onAdd }: { readonly onAdd: (ref: string) => Promise<boolean> }) {
  const text = useSignal('');
  const add = async () => {
    if (await onAdd(text.value.trim().toUpperCase())) text.value = '';
  };
  return (
    <form
      class="add-dependency"
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
    >
      <input
        type="text"
        aria-label="Ref of a task that must be done first"
        placeholder="TASK-1"
        required
        autocomplete="off"
        {...textIn(text)}
      />
      <button type="submit">Add</button>
    </form>
  );
}
