import { MAX_COUNT_GROUPS, type TaskCountGroup, type TaskCountKey } from '../../domain/tasks/task-counts.js';
import { sql } from '../../postgres/sql-text.js';
import type { Executor } from '../../postgres/statement.js';
import { countGroups, type GroupKey } from '../lists/group-counts.js';
import type { List } from '../lists/keyset.js';
import type { ListedTask } from './task-lists.js';
import { PRIORITIES } from './task-order.js';

/**
 * Statuses, priorities, assignees and failure reasons are counted in tasks_status_idx, tasks_priority_idx,
 * tasks_assignee_status_idx and among the failed tasks. Tags and models read each task; task_runs_task_number_key finds the attempt.
 */
const KEYS: Readonly<Record<TaskCountKey, GroupKey>> = {
  STATUS: { sql: sql`t.status` },
  ASSIGNEE: { sql: sql`t.assignee_id` },
  PRIORITY: { sql: sql`t.priority`, values: PRIORITIES.map((priority) => `'${priority}'::task_priority`) },
  FAILURE_REASON: { sql: sql`t.failure_reason` },
  TAG: { sql: sql`tag`, from: sql` CROSS JOIN LATERAL unnest(t.tags) AS tag` },
  MODEL: {
    sql: sql`latest.model`,
    from: sql` JOIN LATERAL (SELECT r.model FROM task_runs r WHERE r.task_id = t.id AND r.number = t.run_count AND r.model IS NOT NULL) latest ON true`,
  },
};

/** Counts the tasks of a list by a value, the largest group first. */
export function countTasksBy(
  executor: Executor,
  list: List<ListedTask>,
  by: TaskCountKey,
): Promise<TaskCountGroup[]> {
  return countGroups(executor, list, KEYS[by], MAX_COUNT_GROUPS);
}
