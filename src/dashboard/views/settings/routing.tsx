import { useSignal } from '@preact/signals';
import type { ClassifyTaskQuery, TaskPriority } from '../../../sdk/index.js';
import { session } from '../../data/session.js';
import { Form } from '../../parts/form.js';
import { Choice, Field, Line } from '../../parts/form-fields.js';
import { textOf } from '../../parts/form-values.js';
import { PRIORITIES, sentence } from '../../parts/words.js';

type Route = ClassifyTaskQuery['classifyTask'];

/** Shows which model a task would get, and the words that decide it. */
export function Routing() {
  const route = useSignal<Route | null>(null);
  const tried = useSignal('');
  const classify = async (fields: FormData) => {
    route.value = null;
    const agent = textOf(fields, 'agent');
    const [title, description] = [textOf(fields, 'title'), textOf(fields, 'description')];
    const answer = await session.value?.client.classifyTask({
      ...{ title, description, priority: textOf(fields, 'priority') as TaskPriority },
      ...(agent === '' ? {} : { agent: { name: agent } }),
    });
    tried.value = `${title}\n${description}`;
    route.value = answer ?? null;
  };
  return (
    <div class="routing">
      <Form does="Try" onSubmit={classify}>
        <p class="quiet">Tells which model a task would get. Nothing is created.</p>
        <Field title="Title">
          <input type="text" name="title" required autocomplete="off" />
        </Field>
        <Field title="Description">
          <textarea name="description" rows={6} />
        </Field>
        <div class="form-row">
          <Choice name="priority" title="Priority" values={PRIORITIES} chosen="MEDIUM" />
          <Line name="agent" title="Agent" placeholder="any" />
        </div>
      </Form>
      {route.value && <Outcome route={route.value} text={tried.value} />}
    </div>
  );
}

function Outcome({
  route: { tier, model, signals },
  text,
}: {
  readonly route: Route;
  readonly text: string;
}) {
  return (
    <section class="route" aria-label="Route" role="status">
      <p>
        <strong>{sentence(tier)}</strong>{' '}
        {model === null ? 'The default of the gateway' : <code>{model}</code>}
      </p>
      <p class="text route-text">
        <Marked text={text} words={signals} />
      </p>
      <p class="quiet">{signals.length === 0 ? 'No word decided.' : `Decided by: ${signals.join(', ')}`}</p>
    </section>
  );
}

/** The text with the words that decided marked. */
function Marked({ text, words }: { readonly text: string; readonly words: readonly string[] }) {
  const escaped = words.map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  if (escaped.length === 0) return <>{text}</>;
  const parts = text.split(new RegExp(`(${escaped.join('|')})`, 'i'));
  const known = new Set(words.map((word) => word.toLowerCase()));
  // A part has no identity but its place.
  return (
    <>
      {parts.map((part, at) =>
        known.has(part.toLowerCase()) ? <mark key={`${at} ${part}`}>{part}</mark> : part,
      )}
    </>
  );
}
