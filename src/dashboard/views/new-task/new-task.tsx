import { session } from '../../data/session.js';
import { notify } from '../../frame/notices.js';
import { Page } from '../../frame/page.js';
import { navigate, queryValue } from '../../frame/router.js';
import { Form } from '../../parts/form.js';
import { Empty } from '../../parts/states.js';
import { draftOf } from './draft.js';
import { Conditions, Who, Work } from './fields.js';
import './new-task.css';

/** A form with everything that a new task may have. Only the title is required. */
export default function NewTask() {
  if (session.value?.role === 'VIEWER')
    return (
      <Page title="New task">
        <Empty title="A key of the role VIEWER may not create tasks" />
      </Page>
    );
  return (
    <Page title="New task">
      <Form class="new-task" does="Create the task" onSubmit={create}>
        <Work title={queryValue('title')} />
        <Who assignee={queryValue('agent')} />
        <Conditions />
      </Form>
    </Page>
  );
}

/** Creates the task and opens its page. */
async function create(fields: FormData): Promise<void> {
  const { input, problem } = draftOf(fields);
  if (input === null) throw new Error(problem);
  const answer = await session.value?.client.createTask(input);
  if (!answer) return;
  notify(`Created ${answer.task.ref}`);
  navigate(`/tasks/${answer.task.ref}`);
}
