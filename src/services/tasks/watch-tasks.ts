import type { Viewer } from '../../domain/actor.js';
import { InvalidList } from '../../domain/page.js';
import { checkTaskFilter, FILTER_LIMITS, type TaskFilter } from '../../domain/tasks/task-filter.js';
import type { TaskStatus } from '../../domain/tasks/task-status.js';
import type { ServiceContext } from '../service-context.js';
import { openTasks } from './read-tasks.js';

/** How a task has changed, seen from a filter. */
export type TaskChangeKind = 'ENTERED' | 'CHANGED' | 'LEFT';

/** A change of a task that matches a filter, or has matched it until now. */
export interface TaskChange {
  readonly kind: TaskChangeKind;
  readonly taskId: string;
  /** The status that the task had when it was last looked at; null if it did not match then. */
  readonly previousStatus: TaskStatus | null;
}

/** Knows which tasks match a filter, so that it can tell which enter and leave. */
export interface TaskWatch {
  /**
   * What has become of these tasks since they were last looked at, in their order. Those outside the filter are left out.
   * @throws {InvalidList} if the filter has come to match too many tasks.
   */
  look(taskIds: readonly string[]): Promise<TaskChange[]>;
  /**
   * Which tasks have entered or left the filter without a change of their own, as time passed or as what they wait for changed.
   * @throws {InvalidList} if the filter has come to match too many tasks.
   */
  lookAgain(): Promise<TaskChange[]>;
}

/** The most tasks that a watched filter may match at its start: their ids are kept in memory, about 100 bytes each. */
export const MAX_WATCHED = 10_000;

/** The most tasks that it may match later: the stream then ends. */
const MAX_GROWN = 2 * MAX_WATCHED;

const COLUMNS = { task: ['id', 'status'], assignee: null } as const;

/**
 * Reads which tasks match now. The caller has begun to follow the log before, so that no change is missed.
 * @throws {InvalidList} if the filter is too large, or too many tasks match it.
 */
export async function watchTasks(
  context: Pick<ServiceContext, 'database' | 'settings' | 'gateways'>,
  viewer: Viewer,
  filter: TaskFilter,
): Promise<TaskWatch> {
  const read = (part: TaskFilter, size: number) =>
    openTasks(context, viewer, { filter: part, columns: COLUMNS }).slice({
      ...{ size, backward: false, after: null, before: null },
    });
  const among = (ids: readonly string[]) => ({
    ...filter,
    ids: filter.ids ? ids.filter((id) => filter.ids?.includes(id)) : ids,
  });
  // Now, and not with the first change.
  checkTaskFilter(among([]));
  const { rows, more } = await read(filter, MAX_WATCHED);
  if (more) throw tooMany(MAX_WATCHED);
  const known = new Map(rows.map(({ id, status }) => [id, status]));
  return {
    async look(taskIds) {
      const ids = [...new Set(taskIds)];
      const changes: TaskChange[] = [];
      for (let at = 0; at < ids.length; at += FILTER_LIMITS.entries) {
        const part = ids.slice(at, at + FILTER_LIMITS.entries);
        const found = await read(among(part), part.length);
        const statuses = new Map(found.rows.map(({ id, status }) => [id, status]));
        changes.push(...part.flatMap((taskId) => compare(known, taskId, statuses.get(taskId))));
      }
      if (known.size > MAX_GROWN) throw tooMany(MAX_GROWN);
      return changes;
    },
    async lookAgain() {
      const found = await read(filter, MAX_GROWN);
      if (found.more) throw tooMany(MAX_GROWN);
      const statuses = new Map(found.rows.map(({ id, status }) => [id, status]));
      // A task that is known and still matches may have another status: the event of that change delivers it.
      const left = [...known.keys()].filter((id) => !statuses.has(id));
      const entered = [...statuses.keys()].filter((id) => !known.has(id));
      return [...left, ...entered].flatMap((id) => compare(known, id, statuses.get(id)));
    },
  };
}

function tooMany(most: number): InvalidList {
  return new InvalidList(`More than ${most} tasks match the filter. Follow fewer, or \`events\`.`);
}

/** Updates what is known of the task. */
function compare(
  known: Map<string, TaskStatus>,
  taskId: string,
  status: TaskStatus | undefined,
): TaskChange[] {
  const previousStatus = known.get(taskId) ?? null;
  if (status === undefined) {
    known.delete(taskId);
    return previousStatus === null ? [] : [{ kind: 'LEFT', taskId, previousStatus }];
  }
  known.set(taskId, status);
  return [{ kind: previousStatus === null ? 'ENTERED' : 'CHANGED', taskId, previousStatus }];
}
