import { QUEUE_ORDER } from '../../domain/runs/queue-order.js';
import type { InstantRange, TaskFilter, TaskOrder } from '../../domain/tasks/task-filter.js';
import { allOf, anyOf, identifier, type Sql, sql } from '../../postgres/sql-text.js';
import type { AgentRow } from '../agents/agents.js';
import type { ChildLists, List, Order, SortKey } from '../lists/keyset.js';
import { type Columns, parseRows, type RowShape, rowsOf, shapeOf } from '../lists/row-shape.js';
import type { TaskRow } from './tasks.js';
import { seenByAgent } from './visible-tasks.js';
import { type WaitingSettings, waitsOn } from './waiting-facts.js';

/** The visibility of tasks: null sees all tasks, an agent sees those of {@link seenByAgent}. */
export type TaskViewer = { readonly agentId: string; readonly coordinatorAgent: string } | null;

/** The columns to read. The texts of a task may be long, so a list reads only the requested columns. */
export type TaskColumns = Columns<TaskRow>;

/** The default order. Uses tasks_created_idx. */
export const NEWEST_FIRST: TaskOrder = { field: 'CREATED_AT', direction: 'DESC' };

/** A task of a list, with its assignee if that was requested. */
export type ListedTask = TaskRow & { readonly assignee?: AgentRow | null };

/** The columns that a list reads of its tasks and of their assignees; null reads no assignees. */
export interface ListedColumns {
  readonly task: TaskColumns;
  readonly assignee: Columns<AgentRow> | null;
}

/** The tasks that match the filter and that the viewer may see. */
export function tasksThat(
  viewer: TaskViewer,
  filter: TaskFilter,
  order: TaskOrder,
  columns: ListedColumns,
  settings: WaitingSettings,
): List<ListedTask> {
  return {
    from: 'tasks t',
    shape: shapeOfListed(columns),
    where: allOf([visibleTo(viewer), matches(filter, settings)]),
    order: orderOf(order),
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

const SORT_COLUMNS = ['number', 'priority', 'dueAt', 'createdAt', 'updatedAt'] as const;

/**
 * The same statement reads each assignee once. A promise per task would cost the executor more than the rest of a list of
 * fifty, and a join or sub-query per task would double the cost for PostgreSQL.
 */
function shapeOfListed({ task: columns, assignee }: ListedColumns): RowShape<ListedTask> {
  const tasks = shapeOf<Writable<ListedTask>>(
    'Task',
    columns === '*' ? columns : [...columns, 'assigneeId', ...SORT_COLUMNS],
  );
  if (assignee === null) return tasks;
  const agents = shapeOf<AgentRow>('Agent', assignee);
  const ofPage = sql`SELECT ${identifier(agents.columns.join(', '))} FROM agents t WHERE t.id IN (SELECT assignee_id FROM page)`;
  return {
    ...tasks,
    companions: {
      json: rowsOf(agents, ofPage),
      attach: (rows: readonly Writable<ListedTask>[], value) => {
        const agentsById = new Map(parseRows(agents, value).map((agent) => [agent.id, agent]));
        for (const task of rows) task.assignee = agentsById.get(task.assigneeId ?? '') ?? null;
      },
    },
  };
}

type Writable<Row> = { -readonly [Name in keyof Row]: Row[Name] };

const NUMBER: SortKey<TaskRow> = { sql: 't.number', kind: 'number', of: (task) => task.number };
const PRIORITY: SortKey<TaskRow> = { sql: 't.priority', kind: 'priority', of: (task) => task.priority };
const CREATED: SortKey<TaskRow> = { sql: 't.created_at', kind: 'instant', of: (task) => task.createdAt };
const UPDATED: SortKey<TaskRow> = { sql: 't.updated_at', kind: 'instant', of: (task) => task.updatedAt };

/** Sorts tasks without a due date last: in the queue, and in both directions of a list by due date. */
function due(none: 'infinity' | '-infinity'): SortKey<TaskRow> {
  return {
    sql: `coalesce(t.due_at, '${none}'::timestamptz)`,
    kind: 'instant',
    of: (task) => task.dueAt,
    none,
  };
}

/** The keys of the queue order, which store/runs/queue-order.ts has in SQL. */
const QUEUE_KEYS = { priority: PRIORITY, dueAt: due('infinity'), createdAt: CREATED, number: NUMBER };

function orderOf({ field, direction }: TaskOrder): Order<TaskRow> {
  const descending = direction === 'DESC';
  const keys = {
    QUEUE: QUEUE_ORDER.map((key) => QUEUE_KEYS[key]),
    CREATED_AT: [CREATED, NUMBER],
    UPDATED_AT: [UPDATED, NUMBER],
    DUE_AT: [due(descending ? '-infinity' : 'infinity'), NUMBER],
    PRIORITY: [PRIORITY, NUMBER],
  }[field];
  return { tag: `task.${field}`, descending, keys };
}

/** The filter as a condition on the tasks `t`. The caller has checked its limits. */
function matches(filter: TaskFilter, settings: WaitingSettings): Sql {
  const { status, priority, assignee, unassigned, tags, search, createdAt, dueAt, overdue } = filter;
  const { failureReason, recurringTaskId, pipelineRunId } = filter;
  const conditions: Sql[] = whoMayTake(filter, settings);
  if (status) conditions.push(sql`t.status = ANY(${status}::task_status[])`);
  if (priority) conditions.push(sql`t.priority = ANY(${priority}::task_priority[])`);
  if (assignee) conditions.push(isAssignedTo(assignee));
  if (typeof unassigned === 'boolean') conditions.push(sql`(t.assignee_id IS NULL) = ${unassigned}`);
  if (tags) conditions.push(sql`t.tags @> ${tags}::text[]`);
  if (search) conditions.push(contains(search));
  if (createdAt) conditions.push(...liesIn(sql`t.created_at`, createdAt));
  if (dueAt) conditions.push(...liesIn(sql`t.due_at`, dueAt));
  if (typeof overdue === 'boolean') conditions.push(isOverdue(overdue));
  if (failureReason) conditions.push(sql`t.failure_reason = ANY(${failureReason}::task_failure_reason[])`);
  if (recurringTaskId) conditions.push(isFromRecurringTask(recurringTaskId));
  if (typeof pipelineRunId === 'string') conditions.push(sql`t.pipeline_run_id = ${pipelineRunId}`);
  if (filter.and) conditions.push(allOf(filter.and.map((each) => matches(each, settings))));
  if (filter.or) conditions.push(anyOf(filter.or.map((each) => matches(each, settings))));
  // IS NOT TRUE: an unknown result, such as a comparison with a missing due date, counts as no match.
  if (filter.not) conditions.push(sql`(${matches(filter.not, settings)}) IS NOT TRUE`);
  return allOf(conditions);
}

function whoMayTake({ requires, pinned, waitingOn }: TaskFilter, settings: WaitingSettings): Sql[] {
  const conditions: Sql[] = [];
  if (requires) conditions.push(sql`t.requires @> ${requires}::text[]`);
  if (typeof pinned === 'boolean') conditions.push(sql`t.pinned = ${pinned}`);
  if (waitingOn) conditions.push(waitsOn(waitingOn, settings));
  return conditions;
}

function isAssignedTo(agents: NonNullable<TaskFilter['assignee']>): Sql {
  const ids = agents.flatMap((agent) => agent.id ?? []);
  const names = agents.flatMap((agent) => agent.name ?? []);
  return sql`(t.assignee_id = ANY(${ids}::text[]) OR t.assignee_id IN (SELECT id FROM agents WHERE name = ANY(${names}::text[])))`;
}

/** By id, else by name. The tasks of one that was removed keep its id, so an id need not exist any more. */
function isFromRecurringTask(idOrName: string): Sql {
  return sql`t.recurring_task_id = coalesce((SELECT id FROM recurring_tasks
    WHERE id = ${idOrName} OR name = ${idOrName} ORDER BY id = ${idOrName} DESC LIMIT 1), ${idOrName})`;
}

/** Whether title or description contains the text (case-insensitive), or the text is the ref. */
function contains(text: string): Sql {
  const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`;
  return sql`(t.title ILIKE ${pattern} OR t.description ILIKE ${pattern} OR 'TASK-' || t.number = upper(${text}))`;
}

function liesIn(column: Sql, { gte, lt }: InstantRange): Sql[] {
  return [...(gte ? [sql`${column} >= ${gte}`] : []), ...(lt ? [sql`${column} < ${lt}`] : [])];
}

function isOverdue(wanted: boolean): Sql {
  const overdue = sql`(t.due_at < now() AND t.status NOT IN ('DONE', 'FAILED', 'CANCELLED'))`;
  return wanted ? overdue : sql`${overdue} IS NOT TRUE`;
}
