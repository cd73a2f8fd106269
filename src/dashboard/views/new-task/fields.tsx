import { useQuery } from '../../data/use-query.js';
import { Choice, Field, Instant, Line } from '../../parts/form-fields.js';
import { PRIORITIES } from '../../parts/words.js';

/** How many agents are proposed. Others can be typed. */
const PROPOSED = 100;

/** What is to be done. */
export function Work({ title }: { readonly title: string }) {
  return (
    <>
      <label>
        Title
        <input type="text" name="title" required autofocus autocomplete="off" defaultValue={title} />
      </label>
      <label>
        Description, in Markdown
        <textarea name="description" rows={8} />
      </label>
    </>
  );
}

/** How urgent it is, who does it, and how it is found. */
export function Who({ assignee }: { readonly assignee: string }) {
  const agents = useQuery({
    key: 'agents',
    ask: async (client) => (await client.agents({ first: PROPOSED })).nodes,
  });
  return (
    <div class="form-row">
      <Choice name="priority" title="Priority" values={PRIORITIES} chosen="MEDIUM" />
      <Line
        name="assignee"
        title="Agent"
        placeholder="any that may claim it"
        value={assignee}
        list="new-task-agents"
      />
      <datalist id="new-task-agents">
        {agents.data.value?.map(({ name }) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <Line name="tags" title="Tags" placeholder="docs, backend" />
      <Line name="requires" title="Required capabilities" placeholder="typescript" />
      <Choice name="reviewPolicy" title="Review" values={['REQUIRED', 'SKIP']} chosen="REQUIRED" />
    </div>
  );
}

/** When it may begin, what it waits for, and what programs want to know of it. */
export function Conditions() {
  return (
    <details>
      <summary>Dates, dependencies and metadata</summary>
      <div class="form-row">
        <Instant name="startsAt" title="Starts at" />
        <Instant name="dueAt" title="Due at" />
        <Line name="dependsOn" title="Depends on" placeholder="TASK-1, TASK-2" />
        <Choice
          name="onDependencyFailure"
          title="If one of them fails"
          values={['BLOCK', 'CANCEL', 'PROCEED']}
          chosen="BLOCK"
        />
      </div>
      <Field title="Metadata, a JSON object">
        <textarea name="metadata" rows={3} class="mono" placeholder='{"ticket": 42}' />
      </Field>
    </details>
  );
}
