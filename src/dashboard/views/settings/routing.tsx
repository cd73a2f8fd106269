import { useSignal } from '@preact/signals';
import type { ClassifyTaskQuery, TaskPriority } from '../../../sdk/index.js';
import { messageOf, session } from '../../data/session.js';
import { sentence } from '../../parts/words.js';

type Route = ClassifyTaskQuery['classifyTask'];

const priorities: readonly TaskPriority[] = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'];

/** Shows which model a task would get, and the words that decide it. */
export function Routing() {
  const route = useSignal<Route | null>(null);
  const tried = useSignal('');
  const problem = useSignal('');
  const classify = async (form: HTMLFormElement) => {
    const fields = new FormData(form);
    const text = (name: string) => String(fields.get(name) ?? '').trim();
    problem.value = '';
    try {
      const answer = await session.value?.client.classifyTask({
        ...{ title: text('title'), description: text('description') },
        priority: text('priority') as TaskPriority,
        ...(text('agent') === '' ? {} : { agent: { name: text('agent') } }),
      });
      tried.value = `${text('title')}\n${text('description')}`;
      route.value = answer ?? null;
    } catch (error) {
      route.value = null;
      problem.value = messageOf(error);
    }
  };
  return (
    <div class="routing">
      <form
        class="stacked-form"
        onSubmit={(event) => {
          event.preventDefault();
          void classify(event.currentTarget);
        }}
      >
        <p class="quiet">Tells which model a task would get. Nothing is created.</p>
        <label>
          Title
          <input type="text" name="title" required autocomplete="off" />
        </label>
        <label>
          Description
          <textarea name="description" rows={6} />
        </label>
        <div class="form-row">
          <label>
            Priority
            <select name="priority">
              {priorities.map((priority) => (
                <option key={priority} value={priority} selected={priority === 'MEDIUM'}>
                  {sentence(priority)}
                </option>
              ))}
            </select>
          </label>
          <label>
            Agent
            <input type="text" name="agent" autocomplete="off" placeholder="any" />
          </label>
        </div>
        <div class="form-buttons">
          <button type="submit" class="main">
            Try
          </button>
        </div>
      </form>
      {problem.value !== '' && (
        <p class="bad text" role="alert">
          {problem.value}
        </p>
      )}
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
