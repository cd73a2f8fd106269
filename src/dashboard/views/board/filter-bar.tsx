import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { session } from '../../data/session.js';
import { setQuery } from '../../frame/router.js';
import { priorityMarks, sentence } from '../../parts/words.js';
import { type BoardFilter, FILTERS, type FilterName } from './board-filter.js';
import { isList } from './board-state.js';
import { completionsOf } from './filter-completion.js';

const names: Readonly<Record<FilterName, string>> = {
  q: 'text',
  agent: 'agent',
  priority: 'priority',
  tag: 'tag',
  waiting: 'waiting for',
  pipeline: 'pipeline run',
  overdue: 'overdue',
};

/** How long the typing must pause before the address changes, in milliseconds. */
const PAUSE_MS = 250;

let timer: ReturnType<typeof setTimeout> | undefined;

/**
 * The filters of the board: a field for text and for `name:value`, and a chip for each filter that is set. They live in
 * the address.
 */
export function FilterBar({ filter }: { readonly filter: BoardFilter }) {
  // What is typed is in the address only when it is finished.
  const text = useSignal(filter.q);
  useEffect(() => {
    if (text.value.trim() !== filter.q) text.value = filter.q;
  }, [filter.q]);
  const completions = useSignal<readonly string[]>([]);
  const complete = async () => {
    const client = session.value?.client;
    const typed = text.value;
    // Without them the field works as well.
    const found = client ? await completionsOf(client, typed).catch(() => []) : [];
    if (typed === text.value) completions.value = found.filter((each) => each !== typed);
  };
  return (
    <>
      <span class="view-switch">
        <button
          type="button"
          aria-pressed={!isList()}
          title="Columns by status (v)"
          onClick={() => setQuery({ view: '', sort: '', dir: '' })}
        >
          Columns
        </button>
        <button
          type="button"
          aria-pressed={isList()}
          title="One list with columns to sort by (v)"
          onClick={() => setQuery({ view: 'list' })}
        >
          List
        </button>
      </span>
      <input
        type="search"
        class="filter-text"
        name="filter"
        aria-label="Filter tasks"
        list="board-filters"
        autocomplete="off"
        placeholder="Filter: words, agent:scout, tag:docs, priority:high, overdue:yes"
        value={text.value}
        onInput={(event) => {
          const { value } = event.currentTarget;
          text.value = value;
          void complete();
          clearTimeout(timer);
          if (!/\w+:/.test(value))
            timer = setTimeout(() => setQuery({ q: value.trim() }, { replace: true }), PAUSE_MS);
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return;
          clearTimeout(timer);
          const changes = parseText(event.currentTarget.value);
          text.value = changes.q ?? '';
          setQuery(changes);
          event.currentTarget.blur();
        }}
      />
      <datalist id="board-filters">
        {completions.value.map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
      {FILTERS.filter((name) => name !== 'q' && filter[name] !== '').map((name) => (
        <button
          type="button"
          key={name}
          class="chip-button"
          title={`Remove the filter ${names[name]}`}
          onClick={() => setQuery({ [name]: '' })}
        >
          {names[name]}: {valueText(name, filter[name])} <span aria-hidden="true">×</span>
        </button>
      ))}
    </>
  );
}

function valueText(name: FilterName, value: string): string {
  if (name === 'priority')
    return `${priorityMarks[value as keyof typeof priorityMarks] ?? ''} ${sentence(value)}`;
  if (name === 'agent' && value === '-') return 'none';
  return name === 'waiting' ? sentence(value) : value;
}

/** `agent:scout words` as filters. Words without a name are searched for. */
function parseText(text: string): Record<string, string> {
  const changes: Record<string, string> = {};
  const words = text.split(/\s+/).filter((word) => {
    const [name = '', value = ''] = word.split(/:(.*)/);
    if (!FILTERS.some((known) => known === name) || name === 'q') return true;
    changes[name] = name === 'priority' || name === 'waiting' ? value.toUpperCase() : value;
    return false;
  });
  return { ...changes, q: words.join(' ').trim() };
}
