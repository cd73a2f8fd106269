import { QUEUE_ORDER } from '../../domain/runs/queue-order.js';
import { possibleStatuses } from '../../domain/tasks/possible-statuses.js';
import type { TaskFilter, TaskOrder, TaskPriority } from '../../domain/tasks/task-filter.js';
import { isTerminal, TASK_STATUSES, type TaskStatus } from '../../domain/tasks/task-status.js';
import { allOf, anyOf, identifier, type Sql, sql } from '../../postgres/sql-text.js';
import type { List } from '../lists/keyset.js';
import type { Branch, ListPart } from '../lists/list-parts.js';
import type { Order, SortKey } from '../lists/order.js';
import type { ResolvedFilter } from './task-conditions.js';
import type { TaskRow } from './tasks.js';

const NUMBER: SortKey<TaskRow> = { sql: 't.number', kind: 'number', of: (task) => task.number };
const PRIORITY: SortKey<TaskRow> = { sql: 't.priority', kind: 'priority', of: (task) => task.priority };
const CREATED: SortKey<TaskRow> = { sql: 't.created_at', kind: 'instant', of: (task) => task.createdAt };
const UPDATED: SortKey<TaskRow> = { sql: 't.updated_at', kind: 'instant', of: (task) => task.updatedAt };
const COMPLETED: SortKey<TaskRow> = {
  sql: 't.completed_at',
  kind: 'instant',
  of: (task) => task.completedAt,
};
/** Of tasks that have a due date. */
const DUE: SortKey<TaskRow> = { sql: 't.due_at', kind: 'instant', of: (task) => task.dueAt };

/** Sorts tasks without the time last: in the queue those without a due date, and in both directions of a list by the time. */
function orNone(key: SortKey<TaskRow>, none: 'infinity' | '-infinity'): SortKey<TaskRow> {
  return { ...key, sql: `coalesce(${key.sql}, '${none}'::timestamptz)`, none };
}

/** The keys of the queue order, which store/runs/queue-order.ts has in SQL. */
const QUEUE_KEYS = { priority: PRIORITY, dueAt: orNone(DUE, 'infinity'), createdAt: CREATED, number: NUMBER };

const PRIORITIES: readonly TaskPriority[] = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'];

/** How a list of tasks is read: its order, and the parts that select the statuses and priorities of the filter. */
export function readingOf(filter: ResolvedFilter, order: TaskOrder): Pick<List<TaskRow>, 'order' | 'parts'> {
  const statuses = possibleStatuses(filter);
  const priorities = filter.priority ?? null;
  const whole = orderOf(order);
  const { keys } = whole;
  if (statuses.length === 0) return { order: whole, parts: [{ branches: [{ where: sql`false` }], keys }] };
  // tasks_created_idx has all statuses. The indexes of tags and of unassigned tasks know them apart.
  if (
    order.field === 'CREATED_AT' &&
    statuses.length === TASK_STATUSES.length &&
    !filter.tags &&
    !filter.candidateIds
  )
    return { order: whole, parts: [{ branches: [{ where: hasAny(priorities) }], keys }] };
  const branches = branchesOf(filter, statuses, (status) =>
    allOf([isIn(status, filter), hasAny(priorities)]),
  );
  const { candidateIds } = filter;
  if (
    candidateIds ||
    (isShort(filter.createdAt) && (order.field === 'PRIORITY' || order.field === 'DUE_AT'))
  ) {
    const among = candidateIds ? sql`t.id = ANY(${candidateIds}::text[])` : sql`true`;
    const any = anyOf(branches.map(({ where }) => where));
    return { order: whole, parts: [{ branches: [{ where: sql`${among} AND ${any}`, isRare: true }], keys }] };
  }
  if (order.field === 'COMPLETED_AT') return { order: whole, parts: partsByEnd(filter, statuses) };
  if (order.field !== 'DUE_AT') return { order: whole, parts: [{ branches, keys }] };
  return { order: whole, parts: partsByDueDate(filter, branches, statuses) };
}

const SHORT_MS = 2 * 86_400_000;

/** Whether the tasks of the period are better sorted than searched for among all tasks of their priority, by their numbers. */
function isShort(period: TaskFilter['createdAt']): boolean {
  const { gte, lt } = period ?? {};
  return gte instanceof Date && lt instanceof Date && lt.getTime() - gte.getTime() <= SHORT_MS;
}

/** A branch for each status, and one for the statuses in which a task without assignee is an exception. */
function branchesOf(
  { unassigned }: TaskFilter,
  statuses: readonly TaskStatus[],
  ...conditions: readonly ((status: TaskStatus) => Sql)[]
): Branch[] {
  const isUsual = (status: TaskStatus) => !unassigned || status === 'INBOX' || status === 'CANCELLED';
  const branches: Branch[] = statuses
    .filter(isUsual)
    .flatMap((status) => conditions.map((condition) => ({ where: condition(status) })));
  const others = statuses.filter((status) => !isUsual(status));
  if (others.length === 0) return branches;
  // tasks_unassigned_idx has this condition.
  const rare = anyOf(others.flatMap((status) => conditions.map((condition) => condition(status))));
  return [...branches, { where: sql`t.status NOT IN ('INBOX', 'CANCELLED') AND ${rare}`, isRare: true }];
}

function orderOf({ field, direction }: TaskOrder): Order<TaskRow> {
  const descending = direction === 'DESC';
  const none = descending ? '-infinity' : 'infinity';
  const keys = {
    QUEUE: QUEUE_ORDER.map((key) => QUEUE_KEYS[key]),
    CREATED_AT: [CREATED, NUMBER],
    UPDATED_AT: [UPDATED, NUMBER],
    DUE_AT: [orNone(DUE, none), NUMBER],
    COMPLETED_AT: [orNone(COMPLETED, none), NUMBER],
    PRIORITY: [PRIORITY, NUMBER],
  }[field];
  return { tag: `task.${field}`, descending, keys };
}

/** Tasks with a due date, from tasks_due_idx, and then those without one, for each priority from tasks_priority_idx. */
function partsByDueDate(
  filter: TaskFilter,
  branches: readonly Branch[],
  statuses: readonly TaskStatus[],
): ListPart<TaskRow>[] {
  const dated = branches.map(({ where, ...more }) => ({
    ...more,
    where: sql`${where} AND t.due_at IS NOT NULL`,
  }));
  const undated = branchesByPriority(filter, statuses, sql`t.due_at IS NULL`);
  return [
    { branches: dated, keys: [DUE, NUMBER], firstKey: 'set' },
    ...(undated.length === 0 ? [] : [{ branches: undated, keys: [NUMBER], firstKey: 'null' as const }]),
  ];
}

/** Ended tasks, from tasks_ended_idx, and then the open ones, for each priority from tasks_priority_idx. */
function partsByEnd(filter: TaskFilter, statuses: readonly TaskStatus[]): ListPart<TaskRow>[] {
  const ended = branchesOf(filter, statuses.filter(isTerminal), (status) =>
    allOf([isIn(status, filter), hasAny(filter.priority ?? null), sql`t.completed_at IS NOT NULL`]),
  );
  const openStatuses = statuses.filter((status) => !isTerminal(status));
  const open = branchesByPriority(filter, openStatuses, sql`t.completed_at IS NULL`);
  return [
    ...(ended.length === 0 ? [] : [{ branches: ended, keys: [COMPLETED, NUMBER], firstKey: 'set' as const }]),
    ...(open.length === 0 ? [] : [{ branches: open, keys: [NUMBER], firstKey: 'null' as const }]),
  ];
}

/** Branches for each priority, in the order of tasks_priority_idx, for tasks without the first key of the order. */
function branchesByPriority(filter: TaskFilter, statuses: readonly TaskStatus[], without: Sql): Branch[] {
  const ofPriority = (priority: TaskPriority) => (status: TaskStatus) =>
    sql`${isIn(status, filter)} AND ${hasAny([priority])} AND ${without}`;
  const priorities = PRIORITIES.filter((priority) => filter.priority?.includes(priority) ?? true);
  return branchesOf(filter, statuses, ...priorities.map(ofPriority));
}

/** Statuses of open tasks that have no run, by the constraints of the table. */
const WITHOUT_RUN: readonly TaskStatus[] = ['INBOX', 'ASSIGNED', 'REVIEW'];

/**
 * The status as part of the text, so that the plan of each status is kept. For a filter by tags, what follows from the status by
 * the constraints of the table is added, because tasks_waiting_tags has these conditions.
 */
function isIn(status: TaskStatus, { tags }: TaskFilter): Sql {
  const has = identifier(`t.status = '${status}'`);
  if (!tags || !WITHOUT_RUN.includes(status)) return has;
  return sql`${has} AND t.current_run_id IS NULL AND t.completed_at IS NULL`;
}

function hasAny(priorities: readonly TaskPriority[] | null): Sql {
  if (priorities === null) return sql`true`;
  const known = PRIORITIES.filter((priority) => priorities.includes(priority));
  if (known.length === 1) return identifier(`t.priority = '${known[0]}'`);
  return identifier(`t.priority = ANY('{${known.join(',')}}'::task_priority[])`);
}
