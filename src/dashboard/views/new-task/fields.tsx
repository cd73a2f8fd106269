import type { ComponentChildren } from 'preact';
import { useQuery } from '../../data/use-query.js';
import { sentence } from '../../parts/words.js';

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
      <Choice
        name="priority"
        title="Priority"
        values={['CRITICAL', 'HIGH', 'MEDIUM', 'LOW']}
        chosen="MEDIUM"
      />
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
        <Field title="Starts at">
          <input type="datetime-local" name="startsAt" />
        </Field>
        <Field title="Due at">
          <input type="datetime-local" name="dueAt" />
        </Field>
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

function Field({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is among the children
    <label>
      {title}
      {children}
    </label>
  );
}

interface LineProps {
  readonly name: string;
  readonly title: string;
  readonly placeholder: string;
  readonly value?: string;
  readonly list?: string;
}

function Line({ name, title, placeholder, value = '', list }: LineProps) {
  return (
    <Field title={title}>
      <input
        type="text"
        name={name}
        autocomplete="off"
        placeholder={placeholder}
        defaultValue={value}
        {...(list === undefined ? {} : { list })}
      />
    </Field>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly title: string;
  readonly values: readonly string[];
  readonly chosen: string;
}

function Choice({ name, title, values, chosen }: ChoiceProps) {
  return (
    <Field title={title}>
      <select name={name}>
        {values.map((value) => (
          <option key={value} value={value} selected={value === chosen}>
            {sentence(value)}
          </option>
        ))}
      </select>
    </Field>
  );
}
