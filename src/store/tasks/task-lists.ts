import type { TaskOrder } from '../../domain/tasks/task-filter.js';
import { allOf, identifier, type Sql, sql } from '../../postgres/sql-text.js';
import type { AgentRow } from '../agents/agents.js';
import { type ChildLists, countedInParts, countedOf, type List } from '../lists/keyset.js';
import { type Columns, parseRows, type RowShape, rowsOf, shapeOf } from '../lists/row-shape.js';
import { areWritten, hasWords } from '../search/search-condition.js';
import { conditionsOf, isDueInQueue, type ResolvedFilter, selectsByValues } from './task-conditions.js';
import { isCollected, readingOf } from './task-order.js';
import type { TaskRow } from './tasks.js';
import { seenByAgent } from './visible-tasks.js';
import type { WaitingSettings } from './waiting-facts.js';

/** The visibility of tasks: null sees all tasks, an agent sees those of {@link seenByAgent}. */
export type TaskViewer = { readonly agentId: string; readonly coordinatorAgent: string } | null;

/** The columns to read. The texts of a task may be long, so a list reads only the requested columns. */
export type TaskColumns = Columns<TaskRow>;

/** The default order. Uses tasks_created_idx. */
export const NEWEST_FIRST: TaskOrder = { field: 'CREATED_AT', direction: 'DESC' };

/** An order in which each status is read by itself: for counts, of which each status has a range of an index. */
export const BY_STATUS: TaskOrder = { field: 'UPDATED_AT', direction: 'ASC' };

type Counts = Pick<List<ListedTask>, 'counted' | 'countedWhole'>;

/** A task of a list, with its assignee if that was requested. */
export type ListedTask = TaskRow & { readonly assignee?: AgentRow | null };

/** The columns that a list reads of its tasks and of their assignees; null reads no assignees. */
export interface ListedColumns {
  readonly task: TaskColumns;
  readonly assignee: Columns<AgentRow> | null;
  /** False if no cursors are needed: they are made of the columns that lists are sorted by, which are half of a short row. */
  readonly cursors?: boolean;
}

/** The tasks that match the filter and that the viewer may see. */
export function tasksThat(
  viewer: TaskViewer,
  filter: ResolvedFilter,
  order: TaskOrder,
  columns: ListedColumns,
  settings: WaitingSettings,
): List<ListedTask> {
  const seen = isCollected(filter, order) ? null : (filter.seen ?? null);
  const { dueAt, ...others } = { ...filter, status: null, priority: null };
  const conditions =
    dueAt && order.field === 'QUEUE'
      ? [...conditionsOf(others, settings), ...isDueInQueue(dueAt)]
      : conditionsOf({ ...others, dueAt }, settings);
  return {
    from: 'tasks t',
    shape: shapeOfListed(columns),
    where: allOf([...(seen === null ? [visibleTo(viewer)] : []), ...conditions]),
    isPlannedByValues: viewer !== null || selectsByValues(filter),
    ...readingOf({ ...filter, seen }, order),
    ...countedByStatus(viewer, filter, order, columns, settings),
    ...countedBySearch(viewer, filter, settings),
    ...countedAtOnce(viewer, filter, order, columns, settings),
    ...countedWithoutFew(viewer, filter, order, columns, settings),
  };
}

/** A list of all statuses by creation reads one index in its order. A count has a range of an index for each status, as in the other orders. */
function countedByStatus(...[viewer, filter, order, ...list]: Parameters<typeof tasksThat>): Counts {
  if (order.field !== 'CREATED_AT') return {};
  return { counted: () => countedInParts(tasksThat(viewer, filter, BY_STATUS, ...list)) };
}

/**
 * A count collects all tasks of a model, and all that were rejected, where a list looks at each task along its order. Those of a model are
 * found with a join that is made for all of them, so a count that stops early does as the list.
 */
function countedAtOnce(...[viewer, filter, ...list]: Parameters<typeof tasksThat>): Counts {
  if (filter.isRare !== false || !(filter.model || filter.rejected)) return {};
  const collected = () => tasksThat(viewer, { ...filter, isRare: undefined }, ...list);
  if (filter.model) return { countedWhole: () => countedOf(collected()) };
  return { counted: () => countedInParts(collected()), countedWhole: () => countedOf(collected()) };
}

/** Few tasks are overdue or were rejected, and indexes know them. So the others are counted as all tasks without these. */
function countedWithoutFew(...[viewer, filter, ...list]: Parameters<typeof tasksThat>): Counts {
  const few = filter.overdue === false ? 'overdue' : 'rejected';
  if (filter[few] !== false) return {};
  const countedWith = (value: true | null) =>
    countedOf(tasksThat(viewer, { ...filter, [few]: value }, ...list));
  return {
    countedWhole: () => [
      ...countedWith(null),
      ...countedWith(true).map((rows) => ({ ...rows, isMinus: !rows.isMinus })),
    ],
  };
}

/** The matches of a search that are too many to be candidates are counted from search_texts, without reading the tasks if possible. */
function countedBySearch(
  viewer: TaskViewer,
  { search, candidateIds, lateIds, ...others }: ResolvedFilter,
  settings: WaitingSettings,
): Counts {
  if (!search || candidateIds || !lateIds) return {};
  const conditions = conditionsOf(others, settings);
  const needsTask = viewer !== null || conditions.length > 0;
  const rest = [visibleTo(viewer), ...conditions];
  const late = sql`${lateIds}::text[]`;
  return {
    counted: () => [
      {
        from: needsTask ? 'search_texts s JOIN tasks t ON t.id = s.task_id' : 'search_texts s',
        where: allOf([areWritten(search), sql`s.task_id <> ALL(${late})`, ...rest]),
      },
      { from: 'tasks t', where: allOf([sql`t.id = ANY(${late})`, hasWords(search), ...rest]) },
    ],
  };
}

/** As {@link tasksThat}, for each of several agents: the tasks assigned to it. */
export function tasksOfAgents(...list: Parameters<typeof tasksThat>): ChildLists<ListedTask> {
  return { ...tasksThat(...list), parent: 't.assignee_id' };
}

/** As {@link tasksThat}, for each of several recurring tasks: its tasks. Newest first uses tasks_recurring_created_idx. */
export function tasksOfRecurringTasks(...list: Parameters<typeof tasksThat>): ChildLists<ListedTask> {
  return { ...tasksThat(...list), parent: 't.recurring_task_id' };
}

/** SQL condition: whether the viewer may see the task `t`. */
export function visibleTo(viewer: TaskViewer): Sql {
  return viewer === null ? sql`true` : seenByAgent(viewer.agentId, viewer.coordinatorAgent);
}

const SORT_COLUMNS = [
  'number',
  'priority',
  'dueAt',
  'createdAt',
  'updatedAt',
  'statusAt',
  'startedAt',
  'completedAt',
] as const;

/**
 * The same statement reads each assignee once. A promise per task would cost the executor more than the rest of a list of
 * fifty, and a join or sub-query per task would double the cost for PostgreSQL.
 */
function shapeOfListed({ task: columns, assignee, cursors = true }: ListedColumns): RowShape<ListedTask> {
  const further = [...(assignee === null ? [] : (['assigneeId'] as const)), ...(cursors ? SORT_COLUMNS : [])];
  const tasks = shapeOf<Writable<ListedTask>>('Task', columns === '*' ? columns : [...columns, ...further]);
  if (assignee === null) return tasks;
  const agents = shapeOf<AgentRow>('Agent', assignee);
  const ofPage = sql`SELECT ${identifier(agents.columns.join(', '))} FROM agents t WHERE t.id = ANY (page.keys)`;
  return {
    ...tasks,
    companions: {
      keys: sql`array_agg(t.assignee_id)`,
      json: rowsOf(agents, ofPage),
      attach: (rows: readonly Writable<ListedTask>[], value) => {
        const agentsById = new Map(parseRows(agents, value).map((agent) => [agent.id, agent]));
        for (const task of rows) task.assignee = agentsById.get(task.assigneeId ?? '') ?? null;
      },
    },
  };
}

type Writable<Row> = { -readonly [Name in keyof Row]: Row[Name] };
