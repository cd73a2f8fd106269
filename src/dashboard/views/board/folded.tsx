import type { TaskStatus } from '../../../sdk/index.js';
import { setQuery } from '../../frame/router.js';
import { lookOf } from '../../parts/words.js';
import { ALL, FOLDED } from './board-state.js';

interface FoldedProps {
  readonly columns: readonly TaskStatus[];
  readonly counts: ReadonlyMap<string, number> | undefined;
  /** The tasks that ended today. */
  readonly today: ReadonlyMap<string, number> | undefined;
}

/** The ended tasks as counts: of today, and of all time. A click opens their column beside the others. */
export function FoldedColumns({ columns, counts, today }: FoldedProps) {
  const folded = FOLDED.filter((status) => !columns.includes(status));
  return (
    <div class="folded">
      {folded.map((status) => {
        const look = lookOf(status);
        const all = counts?.get(status) ?? 0;
        return (
          <button
            type="button"
            key={status}
            title={`Show the column ${look.word}: ${all.toLocaleString('en')} in all`}
            onClick={() => setQuery({ status: [...columns, status].join(',') })}
          >
            <span class="status" data-tone={look.tone}>
              <i aria-hidden="true">{look.shape}</i>
              {look.word}
            </span>
            {today && <span class="quiet small">{(today.get(status) ?? 0).toLocaleString('en')} today</span>}
          </button>
        );
      })}
      {folded.length < FOLDED.length && (
        <button type="button" onClick={() => setQuery({ status: '' })}>
          Fold
        </button>
      )}
    </div>
  );
}

interface ChipsProps {
  readonly columns: readonly TaskStatus[];
  readonly counts: ReadonlyMap<string, number> | undefined;
}

/** The statuses of the list with their counts under the filter. A click adds or removes one. */
export function StatusChips({ columns, counts }: ChipsProps) {
  return (
    <fieldset class="status-chips">
      <legend class="visually-hidden">Statuses</legend>
      {ALL.map((status) => {
        const look = lookOf(status);
        const isIn = columns.includes(status);
        const next = isIn ? columns.filter((one) => one !== status) : [...columns, status];
        return (
          <button
            type="button"
            key={status}
            aria-pressed={isIn}
            onClick={() => setQuery({ status: next.join(',') })}
          >
            <span class="status" data-tone={look.tone}>
              <i aria-hidden="true">{look.shape}</i>
              {look.word}
            </span>
            <span class="quiet">{counts ? (counts.get(status) ?? 0).toLocaleString('en') : ''}</span>
          </button>
        );
      })}
    </fieldset>
  );
}
