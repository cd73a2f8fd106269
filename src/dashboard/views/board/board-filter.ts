import type { TaskFilter, TaskPriority, TaskStatus, WaitingReason } from '../../../sdk/index.js';
import type { TaskCard } from '../../data/tasks.js';
import { location } from '../../frame/router.js';
import { PRIORITIES, WAITING_REASONS } from '../../parts/words.js';

/** The names of the filters in the address. */
export const FILTERS = ['q', 'agent', 'priority', 'tag', 'waiting', 'pipeline', 'overdue'] as const;

/** One of the filters. */
export type FilterName = (typeof FILTERS)[number];

/** The filters of the board that the address has. */
export type BoardFilter = Readonly<Record<FilterName, string>>;

/** Reads the filters of the address. */
export function readFilter(): BoardFilter {
  const { query } = location.value;
  return Object.fromEntries(
    FILTERS.map((name) => {
      const value = inItsForm(name, query.get(name) ?? '');
      return [name, isKnown(name, value) ? value : ''];
    }),
  ) as BoardFilter;
}

/** Whether the filter can have this value. The server refuses others. */
export function isKnown(name: FilterName, value: string): boolean {
  if (name === 'priority') return PRIORITIES.some((priority) => priority === value);
  if (name === 'waiting') return WAITING_REASONS.includes(value);
  return name !== 'overdue' || value === 'yes';
}

/** A value that a person has typed, as the API writes it. */
export function inItsForm(name: FilterName, value: string): string {
  if (name === 'priority' || name === 'waiting') return value.toUpperCase().replaceAll(/[ -]/g, '_');
  if (name === 'overdue') return /^(yes|true|1)$/i.test(value) ? 'yes' : '';
  return value.trim();
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

/** Whether a task that has changed belongs to the list of these statuses, as far as its card tells. */
export function matchesFilter(filter: BoardFilter, statuses: readonly TaskStatus[], task: TaskCard): boolean {
  const { agent, priority, tag, waiting, pipeline } = filter;
  return (
    statuses.includes(task.status) &&
    (pipeline === '' || task.pipelineStep !== null) &&
    (priority === '' || task.priority === priority) &&
    (tag === '' || task.tags.includes(tag)) &&
    (agent === '' || (task.assignee?.name ?? '-') === agent) &&
    (waiting === '' || task.waitingOn.includes(waiting as WaitingReason))
  );
}

/** Whether a card does not tell all that the filter asks for: words of long texts, the run of its pipeline, what time it is. */
export function needsServer({ q, pipeline, overdue }: BoardFilter): boolean {
  return q !== '' || pipeline !== '' || overdue !== '';
}

/** Whether tasks enter and leave the filter without a change of their own: as time passes, and as agents come and go. */
export function changesByItself({ waiting, overdue }: BoardFilter): boolean {
  return waiting !== '' || overdue !== '';
}
