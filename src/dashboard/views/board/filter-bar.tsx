import { useSignal } from '@preact/signals';
import { session } from '../../data/session.js';
import { setQuery } from '../../frame/router.js';
import { useTypedFilter } from '../../parts/typed-filter.js';
import { priorityMarks, sentence } from '../../parts/words.js';
import { type BoardFilter, FILTERS, type FilterName, inItsForm } from './board-filter.js';
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

/**
 * The filters of the board: a field for text and for `name:value`, and a chip for each filter that is set. They live in
 * the address.
 */
export function FilterBar({ filter }: { readonly filter: BoardFilter }) {
  const { text, type, finish } = useTypedFilter('q');
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
        onInput={({ currentTarget: { value } }) => {
          type(value, /\w+:/.test(value) ? 'draft' : undefined);
          void complete();
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return;
          finish(parseText(event.currentTarget.value));
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
    changes[name] = inItsForm(name as FilterName, value);
    return false;
  });
  return { ...changes, q: words.join(' ').trim() };
}
