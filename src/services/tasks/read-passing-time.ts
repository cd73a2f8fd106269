import { namesCondition, type TaskFilter } from '../../domain/tasks/task-filter.js';
import { findPassingTime, type PassingTime } from '../../store/tasks/passing-time.js';
import type { ServiceContext } from '../service-context.js';

export type { PassingTime };

/** What changes which tasks match a filter, besides changes of the tasks. */
export interface Dependence {
  /** A due date passes. */
  readonly onDueDates: boolean;
  /** What a task waits for changes: a start or a backoff passes, an agent comes or goes, a gateway answers again. */
  readonly onWaits: boolean;
}

/** What the filter depends on. Its ranges of instants are fixed, so time alone changes nothing about them. */
export function dependenceOf(filter: TaskFilter): Dependence {
  return { onDueDates: namesCondition(filter, 'overdue'), onWaits: namesCondition(filter, 'waitingOn') };
}

/** The first instants from `since` on at which lists of tasks change by time alone. */
export function readPassingTime(
  { database, settings }: Pick<ServiceContext, 'database' | 'settings'>,
  since: Date | null,
): Promise<PassingTime> {
  return findPassingTime(database.readPool, since, settings.agentTimeoutMs);
}
