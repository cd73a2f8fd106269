import { signal, useSignal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { TaskViewDocument, TimelineDocument } from '../../../generated/dashboard/task.js';
import { type LogEvent, VersionConflictError } from '../../../sdk/index.js';
import { session } from '../../data/session.js';
import { Dialog } from '../../frame/dialog.js';
import { notify } from '../../frame/notices.js';
import { Form } from '../../parts/form.js';
import { Ago } from '../../parts/time.js';
import { EditFields } from './edit-fields.js';
import { type Edits, editsOf } from './edits.js';
import { eventText } from './event-text.js';
import type { TaskDetail } from './task-data.js';

/** Whether the form that edits the task of the page is open. */
export const isEditing = signal(false);

/** Closes the form. */
export function closeEditor(): void {
  isEditing.value = false;
}

/** How many events are read to explain a conflict. */
const HISTORY = 20;

/** What stands against an edit: the words of the server, and what others have changed meanwhile. */
interface Conflict {
  readonly reason: string;
  readonly changes: readonly LogEvent[];
  /** The task as it is now. */
  readonly current: TaskDetail | null;
}

/** Edits a task. If others have changed it meanwhile, it shows what they did and asks before it saves. */
export function EditDialog({ task: shown }: { readonly task: TaskDetail }) {
  // What the reader began with: the page goes on to follow the task behind the dialog.
  const [base] = useState(shown);
  const conflict = useSignal<Conflict | null>(null);
  const save = async (fields: FormData) => {
    const { edits, problem } = editsOf(fields, base);
    if (edits === null) throw new Error(problem);
    const version = (conflict.value?.current ?? base).version;
    try {
      await send(base.id, edits, version);
      closeEditor();
    } catch (error) {
      if (!(error instanceof VersionConflictError)) throw error;
      conflict.value = await explain(error.message, base);
    }
  };
  return (
    <Dialog label={`Edit ${shown.ref}`} onClose={closeEditor} class="wide">
      <Form
        does={conflict.value ? 'Save my changes over these' : 'Save'}
        onSubmit={save}
        other={
          <button type="button" onClick={closeEditor}>
            Leave it as it was
          </button>
        }
      >
        <h2>Edit {shown.ref}</h2>
        <EditFields task={base} />
        {conflict.value && <ConflictNotice conflict={conflict.value} />}
      </Form>
    </Dialog>
  );
}

async function send(id: string, edits: Edits, expectedVersion: number): Promise<void> {
  if (Object.keys(edits).length === 0) return notify('Nothing was changed');
  await session.value?.client.updateTask({ task: { id }, expectedVersion, ...edits });
}

/** Reads what has happened since the edit began. */
async function explain(reason: string, base: TaskDetail): Promise<Conflict> {
  const client = session.value?.client;
  const ref = { id: base.id };
  const filter = { task: ref };
  const [answer, log] = await Promise.all([
    client?.request(TaskViewDocument, { ref }),
    client?.request(TimelineDocument, { filter, last: HISTORY }),
  ]).catch(() => [undefined, undefined]);
  const events = (log?.events.nodes ?? []) as readonly LogEvent[];
  return {
    reason,
    changes: events.filter(({ at }) => new Date(at) > new Date(base.updatedAt)),
    current: answer?.task ?? null,
  };
}

function ConflictNotice({ conflict: { reason, changes } }: { readonly conflict: Conflict }) {
  return (
    <div class="problem conflict" role="alert">
      <p class="text">{reason}</p>
      <ul>
        {changes.map((event) => (
          <li key={event.cursor}>
            <span class="text">{eventText(event)}</span>{' '}
            <span class="quiet text">
              · {event.actor.displayName} · <Ago at={event.at} />
            </span>
          </li>
        ))}
      </ul>
      <p class="quiet">Your text is still here. Saving it changes only the fields that you have edited.</p>
    </div>
  );
}
