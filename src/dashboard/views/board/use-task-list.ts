import { useEffect, useMemo } from 'preact/hooks';
import type { TaskStatus } from '../../../sdk/index.js';
import { createTaskList, type TaskList } from '../../data/task-list.js';
import type { Order } from '../../data/task-order.js';
import { type BoardFilter, matchesFilter, needsServer, toTaskFilter } from './board-filter.js';

/** The tasks of some statuses under the filter of the board, as a list that changes with them. */
export function useTaskList(statuses: readonly TaskStatus[], filter: BoardFilter, order: Order): TaskList {
  const key = JSON.stringify([statuses, filter, order.orderBy]);
  const list = useMemo(
    () =>
      createTaskList({
        filter: toTaskFilter(filter, statuses),
        matches: (task) => matchesFilter(filter, statuses, task),
        isAsking: needsServer(filter),
        order,
      }),
    [key],
  );
  useEffect(() => () => list.end(), [list]);
  return list;
}
