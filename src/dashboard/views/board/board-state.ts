import { signal } from '@preact/signals';
import { CountsDocument } from '../../../generated/dashboard/cards.js';
import type { TaskStatus } from '../../../sdk/index.js';
import { useQuery } from '../../data/use-query.js';
import { readTime } from '../../frame/clock.js';
import { queryValue } from '../../frame/router.js';
import { type BoardFilter, toTaskFilter } from './board-filter.js';

/** The columns that are open, in the order of the lifecycle. */
const OPEN: readonly TaskStatus[] = ['INBOX', 'ASSIGNED', 'IN_PROGRESS', 'INPUT_REQUIRED', 'REVIEW'];
/** The columns that show their count until they are opened. */
export const FOLDED: readonly TaskStatus[] = ['DONE', 'FAILED', 'CANCELLED'];

/** All statuses in which a task can stay. */
export const ALL: readonly TaskStatus[] = [...OPEN, ...FOLDED];

/** The id of the task that the keyboard is on; empty if none. */
export const selectedId = signal('');
/** The id and the status of the task that is dragged. */
export const dragged = signal<{ readonly id: string; readonly status: TaskStatus } | null>(null);
/** The task for which a move is being chosen, and the status if it is known. */
export const moving = signal<{ readonly id: string; readonly to: TaskStatus | null } | null>(null);

/** The ids of the list as they are shown, for the keyboard. */
export const listIds = signal<readonly string[]>([]);
/** The ids of each column as they are shown, for the keyboard. */
export const columnIds = new Map<TaskStatus, readonly string[]>();

/** The columns that the address opens. */
export function openColumns(): readonly TaskStatus[] {
  const chosen = askedStatuses(queryValue('status'));
  return chosen.length > 0 ? chosen : OPEN;
}

/** The statuses that a text names, which may be typed as `in progress, review`. */
export function askedStatuses(text: string): readonly TaskStatus[] {
  const asked = text.split(',').map((name) => name.trim().toUpperCase().replaceAll(/[ -]/g, '_'));
  return ALL.filter((status) => asked.includes(status));
}

/** How the board is shown: in columns, or as a list. */
export function isList(): boolean {
  return queryValue('view') === 'list';
}

/** How often the counts are read at most while tasks change, in milliseconds. */
const COUNTS_EVERY_MS = 1_000;

/** The numbers of tasks by status under the filter, and of those that ended today. */
export interface Counts {
  readonly all: ReadonlyMap<string, number>;
  readonly today: ReadonlyMap<string, number>;
}

/** The number of tasks in each status under the filter. */
export function useCounts(filter: BoardFilter) {
  return useQuery({
    key: JSON.stringify(filter),
    everyMs: COUNTS_EVERY_MS,
    ask: async (client, abort): Promise<Counts> => {
      const today = { ...toTaskFilter(filter, FOLDED), completedAt: { gte: startOfDay() } };
      const counts = await client.request(
        CountsDocument,
        { filter: toTaskFilter(filter), today },
        { signal: abort },
      );
      return { all: toMap(counts.all), today: toMap(counts.today) };
    },
    changesWith: ({ type }) => type.startsWith('task.'),
  });
}

type Groups = readonly { readonly key: string | null; readonly count: number }[];

const toMap = (groups: Groups) => new Map(groups.map(({ key, count }) => [key ?? '', count]));

/** Midnight where the reader is. */
function startOfDay(): string {
  return new Date(new Date(readTime()).setHours(0, 0, 0, 0)).toISOString();
}
