import type { TaskFilter, TaskPriority, TaskStatus, WaitingReason } from '../../../sdk/index.js';
import type { TaskCard } from '../../data/tasks.js';
import { location } from '../../frame/router.js';

/** The names of the filters in the address. */
export const FILTERS = ['q', 'agent', 'priority', 'tag', 'waiting', 'pipeline', 'overdue'] as const;

/** One of the filters. */
export type FilterName = (typeof FILTERS)[number];

/** The filters of the board that the address has. */
export type BoardFilter = Readonly<Record<FilterName, string>>;

/** Reads the filters of the address. */
export function readFilter(): BoardFilter {
  const { query } = location.value;
  return Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ''])) as BoardFilter;
}

/** The filter in the form of the API, for the tasks of some statuses; of all statuses if there are none. */
export function toTaskFilter(filter: BoardFilter, statuses: readonly TaskStatus[] = []): TaskFilter {
  const { q, agent, priority, tag, waiting, pipeline, overdue } = filter;
  return {
    ...(statuses.length === 0 ? {} : { status: [...statuses] }),
    ...(q === '' ? {} : { search: q }),
    ...(agent === '' ? {} : agent === '-' ? { unassigned: true } : { assignee: [{ name: agent }] }),
    ...(priority === '' ? {} : { priority: [priority as TaskPriority] }),
    ...(tag === '' ? {} : { tags: [tag] }),
    ...(waiting === '' ? {} : { waitingOn: [waiting as WaitingReason] }),
    ...(pipeline === '' ? {} : { pipelineRunId: pipeline }),
    ...(overdue === '' ? {} : { overdue: true }),
  };
}

/**
 * Whether a task that has changed belongs to the list of these statuses. What only the server can tell, such as words of the
 * description, keeps a task where it is.
 */
export function matchesFilter(filter: BoardFilter, statuses: readonly TaskStatus[], task: TaskCard): boolean {
  const { q, agent, priority, tag, waiting, pipeline } = filter;
  const isIn = statuses.includes(task.status);
  if (!isIn || pipeline !== '') return isIn && task.pipelineStep !== null;
  return (
    (priority === '' || task.priority === priority) &&
    (tag === '' || task.tags.includes(tag)) &&
    (agent === '' || (task.assignee?.name ?? '-') === agent) &&
    (waiting === '' || task.waitingOn.includes(waiting as WaitingReason)) &&
    (q === '' || hasWords(task, q.toLowerCase()))
  );
}

function hasWords({ title, ref }: TaskCard, words: string): boolean {
  return title.toLowerCase().includes(words) || ref.toLowerCase() === words;
}
