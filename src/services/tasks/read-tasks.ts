import type { Viewer } from '../../domain/actor.js';
import type { ChildListsReader, ListReader } from '../../domain/list-reader.js';
import { readsRows, type TaskCountGroup, type TaskCountKey } from '../../domain/tasks/task-counts.js';
import {
  checkTaskFilter,
  listAgentNames,
  namesCondition,
  type TaskFilter,
  type TaskOrder,
  withAgentIds,
} from '../../domain/tasks/task-filter.js';
import { decideWaitingOn, type StatusReasons } from '../../domain/tasks/waiting-reasons.js';
import { listAgents } from '../../store/agents/agent-lookups.js';
import { openChildLists, openList } from '../../store/lists/list-reader.js';
import type { Columns } from '../../store/lists/row-shape.js';
import { REVIEWS_OF_TASKS, reviewRunsOfTasks } from '../../store/reviews/review-lists.js';
import type { ReviewRow, ReviewRunRow } from '../../store/reviews/reviews.js';
import { peekNextTask } from '../../store/runs/peek-next-task.js';
import { runsOfTasks } from '../../store/runs/run-lists.js';
import type { TaskRunRow } from '../../store/runs/runs.js';
import { findCandidates } from '../../store/search/find-candidates.js';
import { type Candidate, listCandidates } from '../../store/tasks/candidates.js';
import { COMMENTS_OF_TASKS } from '../../store/tasks/comment-lists.js';
import type { CommentRow } from '../../store/tasks/comments.js';
import { estimateRarity, type ResolvedFilter } from '../../store/tasks/task-conditions.js';
import { countTasksBy } from '../../store/tasks/task-counts.js';
import {
  BY_STATUS,
  type ListedColumns,
  type ListedTask,
  NEWEST_FIRST,
  type TaskColumns,
  type TaskViewer,
  tasksOfAgents,
  tasksThat,
} from '../../store/tasks/task-lists.js';
import {
  type DependencyView,
  listDependencyIds,
  listDependencyViews,
  listLinkedTasks,
  listTasksById,
  listTasksByNumber,
  type TaskLink,
} from '../../store/tasks/task-lookups.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import { findSeenTasks, seesAllOf } from '../../store/tasks/visible-tasks.js';
import { listWaitingFacts, type WaitingSettings } from '../../store/tasks/waiting-facts.js';
import { toPresenceRules } from '../presence-rules.js';
import { type TaskRef, toTaskKey } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { findSlotless } from './find-slotless.js';
import { openChildListsLater, openListLater } from './open-later.js';

export type { Candidate, DependencyView, ListedTask, TaskColumns, TaskLink };

/** A filter, an order and the columns to read. */
export interface TaskSelection {
  readonly filter?: TaskFilter | null | undefined;
  readonly orderBy?: TaskOrder | null | undefined;
  readonly columns: ListedColumns;
}

/** Of a list of which no row is read. */
const NO_COLUMNS: ListedColumns = { task: [], assignee: null };

type ReadContext = Pick<ServiceContext, 'database' | 'settings'>;
/** The parts of the context that say why tasks wait. */
type WaitingContext = ReadContext & Pick<ServiceContext, 'gateways'>;

/**
 * The tasks that the viewer may see; newest first unless an order is given. A filter may be dear, so the list always uses the
 * pool for reads, also within the payload of a mutation.
 * @throws {InvalidList} for a filter that is too large.
 */
export function openTasks(
  context: WaitingContext,
  viewer: Viewer,
  selection: TaskSelection,
): ListReader<ListedTask> {
  const { readPool } = context.database;
  const { plain, read } = resolve(context, viewer, selection, { findSeen: true });
  const list = openList(readPool, tasksThat(...plain));
  return read === null
    ? list
    : openListLater(list, async () => openList(readPool, tasksThat(...(await read()))));
}

/**
 * Counts the tasks that match the filter and that the viewer may see, by a value; the largest group first.
 * @throws {InvalidList} for a filter that is too large.
 */
export async function countTasks(
  context: WaitingContext,
  viewer: Viewer,
  filter: TaskFilter,
  by: TaskCountKey,
): Promise<readonly TaskCountGroup[]> {
  const narrowed: TaskFilter = by === 'FAILURE_REASON' ? { status: ['FAILED'], and: [filter] } : filter;
  const selection = {
    filter: narrowed,
    orderBy: readsRows(by) ? NEWEST_FIRST : BY_STATUS,
    columns: NO_COLUMNS,
  };
  const { plain, read } = resolve(context, viewer, selection);
  const [seenBy, resolved, ...list] = (await read?.()) ?? plain;
  // A count collects many matches as well as few.
  const counted = { ...resolved, isRare: resolved.isRare || undefined };
  return countTasksBy(context.database.readPool, tasksThat(seenBy, counted, ...list), by);
}

/** The tasks that are assigned to each of several agents and that the viewer may see. Uses the pool for reads. */
export function openTasksOfAgents(
  context: WaitingContext,
  viewer: Viewer,
  selection: TaskSelection,
): ChildListsReader<ListedTask> {
  const { readPool } = context.database;
  const { plain, read } = resolve(context, viewer, selection);
  const lists = openChildLists(readPool, tasksOfAgents(...plain));
  if (read === null) return lists;
  return openChildListsLater(lists, async () => openChildLists(readPool, tasksOfAgents(...(await read()))));
}

/** The task of a reference; null if there is none or the viewer may not see it. */
export async function findTaskByRef(
  context: ReadContext,
  viewer: Viewer,
  ref: TaskRef,
  columns: TaskColumns,
): Promise<TaskRow | null> {
  const key = toTaskKey(ref);
  if (key === null) return null;
  const taskViewer = toTaskViewer(context, viewer);
  const tasks =
    'id' in key
      ? await listTasksById(context.database.pool, taskViewer, [key.id], columns)
      : await listTasksByNumber(context.database.pool, taskViewer, [key.number], columns);
  return tasks[0] ?? null;
}

/** The tasks with these ids that the viewer may see, as a map by id. */
export async function findTasks(
  context: ReadContext,
  viewer: Viewer,
  ids: readonly string[],
  columns: TaskColumns,
): Promise<ReadonlyMap<string, TaskRow>> {
  const tasks = await listTasksById(context.database.pool, toTaskViewer(context, viewer), ids, columns);
  return new Map(tasks.map((task) => [task.id, task]));
}

/** For each task, its dependencies or its dependents that the viewer may see. */
export function findLinkedTasks(
  context: ReadContext,
  viewer: Viewer,
  link: TaskLink,
  taskIds: readonly string[],
  columns: TaskColumns,
): Promise<ReadonlyMap<string, TaskRow[]>> {
  return listLinkedTasks(context.database.pool, toTaskViewer(context, viewer), link, taskIds, columns);
}

/** For each task, the ids of its dependencies of which the agent may see at least the result, by number. */
export async function findDependencyIds(
  context: ReadContext,
  viewer: Viewer,
  taskIds: readonly string[],
): Promise<ReadonlyMap<string, string[]>> {
  const taskViewer = toTaskViewer(context, viewer);
  return taskViewer === null ? new Map() : listDependencyIds(context.database.pool, taskViewer, taskIds);
}

/** What the agent may see of these dependencies if it may not see the tasks, as a map by id. */
export async function findDependencyViews(
  context: ReadContext,
  { agentId }: Viewer,
  ids: readonly string[],
): Promise<ReadonlyMap<string, DependencyView>> {
  if (agentId === null) return new Map();
  const views = await listDependencyViews(context.database.pool, agentId, ids);
  return new Map(views.map((view) => [view.id, view]));
}

/**
 * The parameters of the list of a selection. When the list is read, the names of agents are replaced with ids, the
 * candidates of a search and what an agent sees are found, and the slots are read for a filter by `waitingOn`.
 */
function resolve(
  context: WaitingContext,
  viewer: Viewer,
  selection: TaskSelection,
  { findSeen }: { readonly findSeen: boolean } = { findSeen: false },
) {
  const { orderBy, columns } = selection;
  const filter = selection.filter ?? {};
  checkTaskFilter(filter);
  const taskViewer = toTaskViewer(context, viewer);
  const viewing = taskViewer !== null && seesAllOf(filter, taskViewer) ? null : taskViewer;
  const list = (resolved: ResolvedFilter, slotless: readonly string[]) =>
    [viewing, resolved, orderBy ?? NEWEST_FIRST, columns, toWaitingSettings(context, slotless)] as const;
  const hasSlots = namesCondition(filter, 'waitingOn');
  const names = listAgentNames(filter);
  const { search, tags, requires, pinned, model, rejected } = filter;
  const { readPool } = context.database;
  const read = async () => {
    const [resolved, found, rarity, seen] = await Promise.all([
      replaceNames(context, filter, names),
      search ? findCandidates(readPool, search) : null,
      estimateRarity(readPool, filter),
      viewing !== null && findSeen ? findSeenTasks(readPool, viewing) : null,
    ]);
    const slotless = hasSlots ? await findSlotless(context) : [];
    return list({ ...resolved, ...found, ...rarity, seen }, slotless);
  };
  const isPlain =
    !hasSlots && names.length === 0 && ![search, tags, requires, pinned, model, rejected].some(Boolean);
  return { plain: list(filter, []), read: isPlain && !(viewing !== null && findSeen) ? null : read };
}

/** With the ids in the statement the planner knows how many tasks each agent has. With a sub-query it expects the same of all. */
async function replaceNames(
  { database }: ReadContext,
  filter: TaskFilter,
  names: readonly string[],
): Promise<TaskFilter> {
  if (names.length === 0) return filter;
  const keys = names.map((name) => ({ name }));
  const agents = await listAgents(database.readPool, keys, ['id', 'name']);
  return withAgentIds(filter, new Map(agents.map(({ id, name }) => [name, id])));
}

/** The settings by which this process decides why tasks wait. */
export function toWaitingSettings(
  context: Pick<ServiceContext, 'settings' | 'gateways'>,
  slotlessAgentIds: readonly string[] = [],
): WaitingSettings {
  return { ...context.settings, ...toPresenceRules(context), slotlessAgentIds };
}

/** Null means that the viewer sees all tasks. Only AGENT keys are bound to an agent, and only they are restricted. */
export function toTaskViewer(
  { settings }: Pick<ServiceContext, 'settings'>,
  { agentId }: Viewer,
): TaskViewer {
  return agentId === null ? null : { agentId, coordinatorAgent: settings.coordinatorAgent };
}

/** The reasons why no agent is working on each of the tasks right now, with the status at the same instant. */
export async function readWaitingOn(
  context: WaitingContext,
  taskIds: readonly string[],
): Promise<ReadonlyMap<string, StatusReasons>> {
  const settings = toWaitingSettings(context, await findSlotless(context));
  const facts = await listWaitingFacts(context.database.pool, taskIds, settings);
  return new Map(
    facts.map((each) => [each.id, { status: each.status, reasons: decideWaitingOn(each.status, each) }]),
  );
}

/** The agents that could take each of the tasks, and why the others can't. */
export async function readCandidates(
  context: WaitingContext,
  taskIds: readonly string[],
): Promise<ReadonlyMap<string, Candidate[]>> {
  const candidates = await listCandidates(context.database.pool, taskIds, toPresenceRules(context));
  const byTask = new Map(taskIds.map((id): [string, Candidate[]] => [id, []]));
  for (const candidate of candidates) byTask.get(candidate.taskId)?.push(candidate);
  return byTask;
}

/** The task that a claim by this agent would get now; null if none. */
export async function findNextTask(
  context: WaitingContext,
  viewer: Viewer,
  agentId: string,
  columns: TaskColumns,
): Promise<TaskRow | null> {
  const id = await peekNextTask(context.database.pool, agentId, toPresenceRules(context));
  return id === null ? null : findTaskByRef(context, viewer, { id }, columns);
}

/** The runs of several tasks, oldest first. The caller has checked that the viewer may see the tasks. */
export function openRunsOfTasks(
  { database }: ReadContext,
  columns: Columns<TaskRunRow>,
): ChildListsReader<TaskRunRow> {
  return openChildLists(database.pool, runsOfTasks(columns));
}

/** The review runs of several tasks, oldest first. The caller has checked that the viewer may see the tasks. */
export function openReviewRunsOfTasks(
  { database }: ReadContext,
  columns: Columns<ReviewRunRow>,
): ChildListsReader<ReviewRunRow> {
  return openChildLists(database.pool, reviewRunsOfTasks(columns));
}

/** The comments on several tasks, oldest first. The caller has checked that the viewer may see the tasks. */
export function openCommentsOfTasks({ database }: ReadContext): ChildListsReader<CommentRow> {
  return openChildLists(database.pool, COMMENTS_OF_TASKS);
}

/** The verdicts on several tasks, oldest first. The caller has checked that the viewer may see the tasks. */
export function openReviewsOfTasks({ database }: ReadContext): ChildListsReader<ReviewRow> {
  return openChildLists(database.pool, REVIEWS_OF_TASKS);
}
