import { queryValue, setQuery } from '../../frame/router.js';
import { listOf, PRIORITIES, WAITING_REASONS } from '../../parts/words.js';
import { inItsForm, isKnown } from './board-filter.js';
import { ALL, askedStatuses } from './board-state.js';
import { SORTS } from './list-order.js';

/** A part of the address of which the board knows only some values. */
interface Part {
  readonly name: string;
  /** One value of it and several, in words. */
  readonly nouns: readonly [one: string, several: string];
  readonly known: readonly string[];
  readonly values: readonly string[];
  readonly isKnown: (value: string) => boolean;
}

const filterPart = (
  name: 'priority' | 'waiting' | 'overdue',
  noun: string,
  known: readonly string[],
): Part => ({
  ...{ name, known, nouns: [noun, noun] },
  values: [queryValue(name)],
  isKnown: (value) => isKnown(name, inItsForm(name, value)),
});

/** Everything that a person may have typed wrongly into the address. */
function parts(): readonly Part[] {
  return [
    {
      ...{
        name: 'status',
        nouns: ['status', 'statuses'],
        known: ALL,
        values: queryValue('status').split(','),
      },
      isKnown: (value) => askedStatuses(value).length > 0,
    },
    filterPart('priority', 'priority', PRIORITIES),
    filterPart('waiting', 'reason to wait', WAITING_REASONS),
    filterPart('overdue', 'value of overdue', ['yes']),
    {
      ...{
        name: 'sort',
        nouns: ['order', 'orders'],
        known: Object.keys(SORTS),
        values: [queryValue('sort')],
      },
      isKnown: (value) => value in SORTS,
    },
  ];
}

/** Says which values of the address the board does not know. It shows the tasks of the other ones. */
export function UnknownValues() {
  const wrong = parts().flatMap((part) => {
    const unknown = part.values
      .map((value) => value.trim())
      .filter((value) => value !== '' && !part.isKnown(value));
    return unknown.length === 0 ? [] : [{ ...part, unknown }];
  });
  if (wrong.length === 0) return null;
  const known = ({ values, unknown }: (typeof wrong)[number]) =>
    values.filter((value) => !unknown.includes(value.trim())).join(',');
  return (
    <div class="unknown-values" role="status">
      {wrong.map((part) => (
        <p key={part.name} class="text">
          {sentenceOf(part)}
        </p>
      ))}
      <button
        type="button"
        onClick={() =>
          setQuery(Object.fromEntries(wrong.map((part) => [part.name, known(part)])), { replace: true })
        }
      >
        Remove from the address
      </button>
    </div>
  );
}

function sentenceOf({ nouns, known, unknown }: Part & { readonly unknown: readonly string[] }): string {
  const [noun, verb] = unknown.length === 1 ? [nouns[0], 'is'] : [nouns[1], 'are'];
  const only = listOf(known.map((value) => value.toLowerCase().replaceAll('_', ' ')));
  return `There ${verb} no ${noun} ${listOf(unknown.map((value) => `“${value}”`))}, only ${only}.`;
}
