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
import { seenElsewhere, seenInStatus } from './visible-tasks.js';

const NUMBER: SortKey<TaskRow> = { sql: 't.number', kind: 'number', of: (task) => task.number };
const PRIORITY: SortKey<TaskRow> = { sql: 't.priority', kind: 'priority', of: (task) => task.priority };
const CREATED: SortKey<TaskRow> = { sql: 't.created_at', kind: 'instant', of: (task) => task.createdAt };
const UPDATED: SortKey<TaskRow> = { sql: 't.updated_at', kind: 'instant', of: (task) => task.updatedAt };
const STATUS_SINCE: SortKey<TaskRow> = { sql: 't.status_at', kind: 'instant', of: (task) => task.statusAt };
/** Of tasks that were started. */
const STARTED: SortKey<TaskRow> = { sql: 't.started_at', kind: 'instant', of: (task) => task.startedAt };
const COMPLETED: SortKey<TaskRow> = {
  sql: 't.completed_at',
  kind: 'instant',
  of: (task) => task.completedAt,
};
/** Of ended tasks. A task ends with its last change of status, so tasks_status_at_idx has them in the order of their ends. */
const ENDED: SortKey<TaskRow> = { ...COMPLETED, sql: STATUS_SINCE.sql };
/** Of tasks that have a due date. */
const DUE: SortKey<TaskRow> = { sql: 't.due_at', kind: 'instant', of: (task) => task.dueAt };

/** Sorts tasks without the time last: in the queue those without a due date, and in both directions of a list by the time. */
function orNone(key: SortKey<TaskRow>, none: 'infinity' | '-infinity'): SortKey<TaskRow> {
  return { ...key, sql: `coalesce(${key.sql}, '${none}'::timestamptz)`, none };
}

/** The keys of the queue order, which store/runs/queue-order.ts has in SQL. */
const QUEUE_KEYS = { priority: PRIORITY, dueAt: orNone(DUE, 'infinity'), createdAt: CREATED, number: NUMBER };

/** Most urgent first. */
export const PRIORITIES: readonly TaskPriority[] = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'];

/** How a list of tasks is read: its order, and the parts that select the statuses and priorities of the filter. */
export function readingOf(filter: ResolvedFilter, order: TaskOrder): Pick<List<TaskRow>, 'order' | 'parts'> {
  const statuses = possibleStatuses(filter);
  const whole = orderOf(order);
  const one = (branches: readonly Branch[]) => ({ order: whole, parts: [{ branches, keys: whole.keys }] });
  if (statuses.length === 0) return one([{ where: sql`false` }]);
  if (isCollected(filter, order)) return one(collected(filter, statuses));
  if (order.field === 'CREATED_AT' && usesAllStatuses(filter, statuses))
    return one([{ where: hasAny(filter.priority) }]);
  if (order.field === 'COMPLETED_AT') return { order: whole, parts: partsByEnd(filter, statuses) };
  const branches = branchesOf(filter, statuses, (status) => isIn(status, filter, filter.priority));
  if (order.field === 'DUE_AT') return { order: whole, parts: partsByDueDate(filter, branches, statuses) };
  if (order.field === 'STARTED_AT') return { order: whole, parts: partsByStart(filter, branches, statuses) };
  return one(branches);
}

/** Whether all tasks of the filter are collected and sorted, because they are few. */
export function isCollected(
  { candidateIds, isRare, createdAt, startedAt, statusAt, completedAt }: ResolvedFilter,
  { field }: TaskOrder,
): boolean {
  return Boolean(
    candidateIds ||
      isRare ||
      (isShort(createdAt) && UNLIKE_CREATION.includes(field)) ||
      (isShort(startedAt) && field !== 'STARTED_AT') ||
      (isShort(statusAt) && field !== 'STATUS_AT') ||
      (isShort(completedAt) && field !== 'STATUS_AT' && field !== 'COMPLETED_AT'),
  );
}

/**
 * One branch, or for tags and requirements one for the tasks that wait, one for the ended ones and one for the rest, because their
 * indexes know the first two apart.
 */
function collected(filter: ResolvedFilter, statuses: readonly TaskStatus[]): Branch[] {
  const { candidateIds, tags, requires, priority } = filter;
  const any = (some: readonly TaskStatus[]) => anyOf(some.map((status) => isIn(status, filter, priority)));
  const among = candidateIds ? sql`t.id = ANY(${candidateIds}::text[])` : sql`true`;
  if (candidateIds || !(tags || requires))
    return [{ where: sql`${among} AND ${any(statuses)}`, isRare: true }];
  const groups = [
    statuses.filter((status) => WITHOUT_RUN.includes(status)),
    statuses.filter(isTerminal),
    statuses.filter((status) => !WITHOUT_RUN.includes(status) && !isTerminal(status)),
  ];
  return groups.filter(({ length }) => length > 0).map((group) => ({ where: any(group), isRare: true }));
}

/** Whether the list is read from tasks_created_idx. The indexes of tags, requirements, agents and unassigned tasks know the statuses apart. */
function usesAllStatuses(
  { tags, requires, arePinnedEndsRare, seen }: ResolvedFilter,
  statuses: readonly TaskStatus[],
): boolean {
  return statuses.length === TASK_STATUSES.length && !tags && !requires && !arePinnedEndsRare && !seen;
}

/** The orders in which the tasks that were created in a period may be anywhere. */
const UNLIKE_CREATION: readonly TaskOrder['field'][] = [
  'PRIORITY',
  'DUE_AT',
  'STATUS_AT',
  'STARTED_AT',
  'COMPLETED_AT',
];

const SHORT_MS = 2 * 86_400_000;

/** Whether the tasks of the period are better sorted than searched for among all tasks of their priority, by their numbers. */
function isShort(period: TaskFilter['createdAt']): boolean {
  const { gte, lt } = period ?? {};
  return gte instanceof Date && lt instanceof Date && lt.getTime() - gte.getTime() <= SHORT_MS;
}

/**
 * A branch for each status, one for the statuses in which a task without assignee is an exception, one for the ended tasks if few of
 * them are pinned, one for the tasks that wait again after an attempt, and one for what an agent sees as an exception.
 */
function branchesOf(
  { unassigned, arePinnedEndsRare, model, rejected, isRare, seen, priority }: ResolvedFilter,
  statuses: readonly TaskStatus[],
  ...conditions: readonly ((status: TaskStatus) => Sql)[]
): Branch[] {
  const isAssignedMostly = (status: TaskStatus) => status !== 'INBOX' && status !== 'CANCELLED';
  const isPinnedRarely = (status: TaskStatus) => Boolean(arePinnedEndsRare) && isTerminal(status);
  const ofAny = (some: readonly TaskStatus[]) =>
    anyOf(some.flatMap((status) => conditions.map((condition) => condition(status))));

  const unassignedRarely: readonly TaskStatus[] = unassigned ? statuses.filter(isAssignedMostly) : [];
  const pinnedRarely = statuses.filter(
    (status) => !unassignedRarely.includes(status) && isPinnedRarely(status),
  );
  const isTriedRarely = (status: TaskStatus) =>
    isRare === false && (model || rejected) && isBeforeWork(status);
  const triedRarely = statuses.filter(
    (status) => !unassignedRarely.includes(status) && isTriedRarely(status),
  );
  const exceptions = [...unassignedRarely, ...pinnedRarely, ...triedRarely];
  const branches: Branch[] = statuses
    .filter((status) => !exceptions.includes(status))
    .flatMap((status) => conditions.map((condition) => ({ where: condition(status) })));
  if (unassignedRarely.length > 0) {
    // tasks_unassigned_idx has this condition.
    const where = sql`t.status NOT IN ('INBOX', 'CANCELLED') AND ${ofAny(unassignedRarely)}`;
    branches.push({ where, isRare: true });
  }
  if (triedRarely.length > 0) {
    // tasks_tried_idx has this condition. A task that waits for its first attempt has no model and was not rejected.
    const where = sql`t.run_count > 0 AND t.status IN ('INBOX', 'ASSIGNED') AND ${ofAny(triedRarely)}`;
    branches.push({ where, isRare: true });
  }
  // From tasks_ended_pinned_idx.
  if (pinnedRarely.length > 0) branches.push({ where: ofAny(pinnedRarely), isRare: true });
  if (seen && seen.otherIds.length > 0 && statuses.length > 0)
    branches.push({ where: allOf([seenElsewhere(statuses, seen), hasAny(priority)]), isRare: true });
  return branches;
}

function orderOf({ field, direction }: TaskOrder): Order<TaskRow> {
  const descending = direction === 'DESC';
  const none = descending ? '-infinity' : 'infinity';
  const keys = {
    QUEUE: QUEUE_ORDER.map((key) => QUEUE_KEYS[key]),
    CREATED_AT: [CREATED, NUMBER],
    UPDATED_AT: [UPDATED, NUMBER],
    STATUS_AT: [STATUS_SINCE, NUMBER],
    STARTED_AT: [orNone(STARTED, none), NUMBER],
    DUE_AT: [orNone(DUE, none), NUMBER],
    COMPLETED_AT: [orNone(COMPLETED, none), NUMBER],
    PRIORITY: [PRIORITY, NUMBER],
  }[field];
  return { tag: `task.${field}`, descending, keys };
}

/** Tasks with a due date, from tasks_due_idx, and then those without one, for each priority from tasks_priority_idx. */
function partsByDueDate(
  filter: ResolvedFilter,
  branches: readonly Branch[],
  statuses: readonly TaskStatus[],
): ListPart<TaskRow>[] {
  const dated = that(branches, sql`t.due_at IS NOT NULL`);
  const undated = that(branchesByPriority(filter, statuses), sql`t.due_at IS NULL`);
  return [
    { branches: dated, keys: [DUE, NUMBER], firstKey: 'set' },
    ...(undated.length === 0 ? [] : [{ branches: undated, keys: [NUMBER], firstKey: 'null' as const }]),
  ];
}

/**
 * Tasks that were started, from tasks_started_idx, and then the others: those that wait for each priority from tasks_priority_idx, and
 * those that were completed or cancelled without an attempt from tasks_unstarted_idx.
 */
function partsByStart(
  filter: ResolvedFilter,
  branches: readonly Branch[],
  statuses: readonly TaskStatus[],
): ListPart<TaskRow>[] {
  const started = that(branches, sql`t.started_at IS NOT NULL`);
  const waiting = branchesByPriority(filter, statuses.filter(isBeforeWork));
  const others = branchesOf(
    filter,
    statuses.filter((status) => !isBeforeWork(status)),
    (status) => sql`${isIn(status, filter, filter.priority)} AND t.status NOT IN ('INBOX', 'ASSIGNED')`,
  );
  const unstarted = that([...waiting, ...others], sql`t.started_at IS NULL`);
  return [
    { branches: started, keys: [STARTED, NUMBER], firstKey: 'set' },
    { branches: unstarted, keys: [NUMBER], firstKey: 'null' },
  ];
}

function isBeforeWork(status: TaskStatus): boolean {
  return status === 'INBOX' || status === 'ASSIGNED';
}

/** Ended tasks, from tasks_status_at_idx, and then the open ones, for each priority from tasks_priority_idx. */
function partsByEnd(filter: ResolvedFilter, statuses: readonly TaskStatus[]): ListPart<TaskRow>[] {
  const ended = branchesOf(filter, statuses.filter(isTerminal), (status) =>
    isIn(status, filter, filter.priority),
  );
  const openStatuses = statuses.filter((status) => !isTerminal(status));
  const open = that(branchesByPriority(filter, openStatuses), sql`t.completed_at IS NULL`);
  return [
    ...(ended.length === 0 ? [] : [{ branches: ended, keys: [ENDED, NUMBER], firstKey: 'set' as const }]),
    ...(open.length === 0 ? [] : [{ branches: open, keys: [NUMBER], firstKey: 'null' as const }]),
  ];
}

/**
 * Branches for each priority, in the order of tasks_priority_idx, for tasks without the first key of the order. The tasks in progress are
 * not in this index, and few: they are collected.
 */
function branchesByPriority(filter: ResolvedFilter, statuses: readonly TaskStatus[]): Branch[] {
  const priorities = PRIORITIES.filter((priority) => filter.priority?.includes(priority) ?? true);
  const ofPriorities = priorities.map((priority) => (status: TaskStatus) => isIn(status, filter, [priority]));
  const isRunning = (status: TaskStatus) => status === 'IN_PROGRESS';
  return [
    ...branchesOf(
      filter,
      statuses.filter((status) => !isRunning(status)),
      ...ofPriorities,
    ),
    ...branchesOf(filter, statuses.filter(isRunning), (status) => isIn(status, filter, filter.priority)),
  ];
}

/**
 * The branches with a further condition. Few tasks are collected from the index of their own: the condition is written so that
 * PostgreSQL does not see the index of all tasks that meet it.
 */
function that(branches: readonly Branch[], condition: Sql): Branch[] {
  return branches.map(({ where, isRare, ...more }) => ({
    ...more,
    ...(isRare && { isRare }),
    where: isRare ? sql`${where} AND (${condition}) IS NOT FALSE` : sql`${where} AND ${condition}`,
  }));
}

/** Statuses of open tasks that have no run, by the constraints of the table. */
const WITHOUT_RUN: readonly TaskStatus[] = ['INBOX', 'ASSIGNED', 'REVIEW'];

/**
 * The status and the priorities as part of the text, so that the plan of each status is kept. For a filter by tags or requirements, what follows from
 * the status by the constraints of the table is added, because tasks_waiting_tags and tasks_waiting_requires have these conditions.
 */
function isIn(
  status: TaskStatus,
  { tags, requires, seen }: ResolvedFilter,
  priorities: TaskFilter['priority'],
): Sql {
  const conditions = [identifier(`t.status = '${status}'`)];
  if ((tags || requires) && WITHOUT_RUN.includes(status))
    conditions.push(sql`t.current_run_id IS NULL AND t.completed_at IS NULL`);
  if (priorities) conditions.push(hasAny(priorities));
  if (seen) conditions.push(seenInStatus(status, seen));
  return allOf(conditions);
}

/** The priorities as part of the text. */
function hasAny(priorities: TaskFilter['priority']): Sql {
  if (!priorities) return sql`true`;
  const known = PRIORITIES.filter((priority) => priorities.includes(priority));
  if (known.length === 1) return identifier(`t.priority = '${known[0]}'`);
  return identifier(`t.priority = ANY('{${known.join(',')}}'::task_priority[])`);
}
