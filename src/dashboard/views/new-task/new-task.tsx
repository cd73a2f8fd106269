import { useSignal } from '@preact/signals';
import { messageOf, session } from '../../data/session.js';
import { notify } from '../../frame/notices.js';
import { Page } from '../../frame/page.js';
import { navigate, queryValue } from '../../frame/router.js';
import { Empty } from '../../parts/states.js';
import { type Drafted, draftOf } from './draft.js';
import { Conditions, Who, Work } from './fields.js';
import '../settings/settings.css';
import './new-task.css';

/** A form with everything that a new task may have. Only the title is required. */
export default function NewTask() {
  const problem = useSignal('');
  const isSending = useSignal(false);
  if (session.value?.role === 'VIEWER')
    return (
      <Page title="New task">
        <Empty title="A key of the role VIEWER may not create tasks" />
      </Page>
    );
  const create = async (form: HTMLFormElement) => {
    isSending.value = true;
    problem.value = await send(draftOf(new FormData(form)));
    isSending.value = false;
  };
  return (
    <Page title="New task">
      <form
        class="stacked-form new-task"
        onSubmit={(event) => {
          event.preventDefault();
          void create(event.currentTarget);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) event.currentTarget.requestSubmit();
        }}
      >
        <Work title={queryValue('title')} />
        <Who assignee={queryValue('agent')} />
        <Conditions />
        {problem.value !== '' && (
          <p class="bad text" role="alert">
            {problem.value}
          </p>
        )}
        <div class="form-buttons">
          <button type="submit" class="main" disabled={isSending.value} title="Ctrl Enter">
            {isSending.value ? 'Creating…' : 'Create the task'}
          </button>
        </div>
      </form>
    </Page>
  );
}

/** Creates the task and opens its page. Returns why it was refused; empty if it was not. */
async function send({ input, problem }: Drafted): Promise<string> {
  if (input === null) return problem;
  try {
    const answer = await session.value?.client.createTask(input);
    if (!answer?.task) return 'The server has created no task.';
    notify(`Created ${answer.task.ref}`);
    navigate(`/tasks/${answer.task.ref}`);
    return '';
  } catch (error) {
    return messageOf(error);
  }
}
