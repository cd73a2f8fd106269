/** By what tasks are counted. MODEL is the model of the latest attempt. */
export const TASK_COUNT_KEYS = ['STATUS', 'ASSIGNEE', 'PRIORITY', 'TAG', 'MODEL', 'FAILURE_REASON'] as const;

/** By what tasks are counted. */
export type TaskCountKey = (typeof TASK_COUNT_KEYS)[number];

/** The number of tasks with the same value. */
export interface TaskCountGroup {
  /** The value: a status, the id of an agent, a priority, a tag, a model or a reason. Null for tasks without an assignee. */
  readonly key: string | null;
  readonly count: number;
}

/** The most groups of one answer. The largest are kept: there may be a tag for each task. */
export const MAX_COUNT_GROUPS = 100;

/** Whether counting by this key reads the rows of all matching tasks. The others are answered by indexes of the table. */
export function readsRows(key: TaskCountKey): boolean {
  return key === 'TAG' || key === 'MODEL';
}
