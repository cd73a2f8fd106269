import { Choice, Field, Instant, Line } from '../../parts/form-fields.js';
import { PRIORITIES } from '../../parts/words.js';
import type { TaskDetail } from './task-data.js';

/** The fields of a task that can be edited, filled with what it has. */
export function EditFields({ task }: { readonly task: TaskDetail }) {
  const metadata = JSON.stringify(task.metadata, null, 2);
  return (
    <>
      <Field title="Title">
        <input type="text" name="title" required autofocus autocomplete="off" defaultValue={task.title} />
      </Field>
      <Field title="Description, in Markdown">
        <textarea name="description" rows={7} defaultValue={task.description ?? ''} />
      </Field>
      <div class="form-row">
        <Choice name="priority" title="Priority" values={PRIORITIES} chosen={task.priority} />
        <Choice name="reviewPolicy" title="Review" values={['REQUIRED', 'SKIP']} chosen={task.reviewPolicy} />
        <Line name="tags" title="Tags" value={task.tags.join(', ')} />
        <Line name="requires" title="Required capabilities" value={task.requires.join(', ')} />
        <Instant name="startsAt" title="Starts at" at={task.startsAt} />
        <Instant name="dueAt" title="Due at" at={task.dueAt} />
      </div>
      <Field title="Metadata, a JSON object">
        <textarea
          name="metadata"
          rows={metadata === '{}' ? 1 : 4}
          class="mono"
          defaultValue={metadata === '{}' ? '' : metadata}
        />
      </Field>
    </>
  );
}
