import { signal } from '@preact/signals';
import { CountsDocument } from '../../../generated/dashboard/cards.js';
import type { TaskStatus } from '../../../sdk/index.js';
import { useQuery } from '../../data/use-query.js';
import { queryValue } from '../../frame/router.js';
import { type BoardFilter, toTaskFilter } from './board-filter.js';

/** The columns that are open, in the order of the lifecycle. */
const OPEN: readonly TaskStatus[] = ['INBOX', 'ASSIGNED', 'IN_PROGRESS', 'INPUT_REQUIRED', 'REVIEW'];
/** The columns that show their count until they are opened. */
export const FOLDED: readonly TaskStatus[] = ['DONE', 'FAILED', 'CANCELLED'];

/** The id of the task that the keyboard is on; empty if none. */
export const selectedId = signal('');
/** The id and the status of the task that is dragged. */
export const dragged = signal<{ readonly id: string; readonly status: TaskStatus } | null>(null);
/** The task for which a move is being chosen, and the status if it is known. */
export const moving = signal<{ readonly id: string; readonly to: TaskStatus | null } | null>(null);

/** The ids of each column as they are shown, for the keyboard. */
export const columnIds = new Map<TaskStatus, readonly string[]>();

/** The columns that the address opens. */
export function openColumns(): readonly TaskStatus[] {
  const asked = queryValue('status').split(',');
  const chosen = [...OPEN, ...FOLDED].filter((status) => asked.includes(status));
  return chosen.length > 0 && asked.length > 0 ? chosen : OPEN;
}

/** How often the counts are read at most while tasks change, in milliseconds. */
const COUNTS_EVERY_MS = 1_000;

/** The number of tasks in each status under the filter. */
export function useCounts(filter: BoardFilter) {
  return useQuery({
    key: JSON.stringify(filter),
    everyMs: COUNTS_EVERY_MS,
    ask: async (client, abort) => {
      const of = (status: TaskStatus) => toTaskFilter(filter, status);
      const counts = await client.request(
        CountsDocument,
        {
          ...{ inbox: of('INBOX'), assigned: of('ASSIGNED'), inProgress: of('IN_PROGRESS') },
          inputRequired: of('INPUT_REQUIRED'),
          ...{ review: of('REVIEW'), rejected: of('REJECTED'), done: of('DONE') },
          ...{ failed: of('FAILED'), cancelled: of('CANCELLED') },
        },
        { signal: abort },
      );
      return new Map(Object.entries(counts).map(([status, { totalCount }]) => [status, totalCount]));
    },
    changesWith: ({ type }) => type.startsWith('task.'),
  });
}
