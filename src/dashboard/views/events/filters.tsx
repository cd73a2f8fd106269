import { useEffect, useRef } from 'preact/hooks';
import { useQuery } from '../../data/use-query.js';
import { queryValue, setQuery } from '../../frame/router.js';
import { LAST_INSTANT, toLocal } from '../../parts/form-fields.js';
import { sentence } from '../../parts/words.js';

const names = { task: 'task', agent: 'agent', run: 'pipeline run', after: 'after' } as const;

/** A year before this one is a year that is still being typed. */
const FIRST_YEAR = '1970';

/**
 * A field for the instant of the address. While it is typed it has no value, or the value of another year, and must not be
 * drawn from the address.
 */
function JumpToTime() {
  const at = queryValue('at');
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const shown = Number.isNaN(Date.parse(at)) ? '' : toLocal(at);
    if (field.current && field.current.value !== shown) field.current.value = shown;
  }, [at]);
  return (
    <label>
      <span class="quiet small">From</span>
      <input
        ref={field}
        type="datetime-local"
        aria-label="Jump to a time"
        max={LAST_INSTANT}
        onChange={({ currentTarget: { value, validity } }) => {
          if (value === '' && !validity.badInput) setQuery({ at: '' });
          else if (value > FIRST_YEAR) setQuery({ after: '', at: new Date(value).toISOString() });
        }}
      />
    </label>
  );
}

/** Where the log begins: at an instant, or after a cursor that was copied or kept. */
function Start() {
  return (
    <form
      class="event-start"
      onSubmit={(event) => {
        event.preventDefault();
        const after = String(new FormData(event.currentTarget).get('cursor') ?? '').trim();
        setQuery({ after, at: '' });
      }}
    >
      <JumpToTime />
      <input
        name="cursor"
        class="mono"
        aria-label="Resume after a cursor"
        placeholder="or after a cursor"
        autocomplete="off"
      />
    </form>
  );
}

/** The types and families that the address names. */
export function typesOf(text: string): string[] {
  return text.split(',').filter((type) => type !== '');
}

/** The filters of the log, which live in the address: families and types as chips, and what a click has chosen. */
export function Filters() {
  const chosen = typesOf(queryValue('types'));
  const { data } = useQuery({ key: 'types', ask: (client) => client.eventTypes() });
  const families = new Set((data.value ?? []).map(({ name }) => name.replace(/\..*/, '')));
  const single = chosen.filter((type) => type.includes('.'));
  return (
    <>
      <fieldset class="event-types">
        <legend class="visually-hidden">Types</legend>
        {[...families].map((family) => (
          <button
            type="button"
            key={family}
            aria-pressed={chosen.includes(family)}
            onClick={() => setQuery({ types: toggle(chosen, family).join(',') })}
          >
            {sentence(family)}
          </button>
        ))}
      </fieldset>
      <Start />
      {single.map((type) => (
        <Chip key={type} text={type} onRemove={() => setQuery({ types: toggle(chosen, type).join(',') })} />
      ))}
      {Object.entries(names).map(([name, word]) => {
        const value = queryValue(name);
        return (
          value !== '' && (
            <Chip key={name} text={`${word}: ${value}`} onRemove={() => setQuery({ [name]: '' })} />
          )
        );
      })}
    </>
  );
}

function toggle(chosen: readonly string[], type: string): string[] {
  return chosen.includes(type) ? chosen.filter((one) => one !== type) : [...chosen, type];
}

function Chip({ text, onRemove }: { readonly text: string; readonly onRemove: () => void }) {
  return (
    <button type="button" class="event-chip" title="Remove the filter" onClick={onRemove}>
      <span class="cut text">{text}</span> <span aria-hidden="true">×</span>
    </button>
  );
}
