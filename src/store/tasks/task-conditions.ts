import type { InstantRange, TaskFilter } from '../../domain/tasks/task-filter.js';
import { isTerminal, TASK_STATUSES } from '../../domain/tasks/task-status.js';
import { allOf, anyOf, identifier, type Sql, sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import { hasWords, hasWrittenWords } from '../search/search-condition.js';
import type { SeenTasks } from './visible-tasks.js';
import { type WaitingSettings, waitsOn } from './waiting-facts.js';

/** A filter, and what was read about its values and its viewer before the list. */
export interface ResolvedFilter extends TaskFilter {
  /** The tasks that may have the words of `search`; all if unset. */
  readonly candidateIds?: readonly string[] | null;
  /** The tasks whose texts a search has to compare. For all others, it compares what is written in search_texts. */
  readonly lateIds?: readonly string[] | null;
  /** Whether few tasks have the values of the filter that a list can collect: {@link estimateRarity}. */
  readonly isRare?: boolean | undefined;
  /** Whether few ended tasks are pinned, for a list of pinned tasks: {@link estimateRarity}. */
  readonly arePinnedEndsRare?: boolean;
  /** What an agent sees that views the list. If unset, each task is checked. */
  readonly seen?: SeenTasks | null;
}

/** Of more tasks, a list finds its page faster by reading along its order. */
const MOST_COLLECTED = 15_000;

/**
 * Whether so few tasks have the values of the filter that a list should collect and sort them: tags and requirements, models of the latest
 * attempt, or a rejection. A list that reads along its order is cheaper on average, but reads everything if the tasks are at the other
 * end of the order. Asks only for the estimate of the planner, which is good for an entry of an array or a column, and costs nothing.
 *
 * For pinned tasks the statistics tasks_status_pinned make the estimate good. But when the planner compares indexes, it multiplies the
 * shares of ended and of pinned tasks instead, expects thousands where there is none, and reads all ended tasks along the order.
 */
export async function estimateRarity(
  executor: Executor,
  { tags, requires, pinned, model, rejected }: TaskFilter,
): Promise<Pick<ResolvedFilter, 'isRare' | 'arePinnedEndsRare'>> {
  const few = (isNamed: unknown, selection: Sql) => (isNamed ? areFewExpected(executor, selection) : false);
  const [arePinnedEndsRare, ...rare] = await Promise.all([
    few(pinned, sql`tasks WHERE pinned AND status IN (${identifier(ENDED)})`),
    few(
      tags?.length || requires?.length,
      sql`tasks WHERE tags @> ${tags ?? []}::text[] AND requires @> ${requires ?? []}::text[]`,
    ),
    few(model, sql`task_runs WHERE model = ANY(${model ?? []}::text[])`),
    few(rejected, sql`tasks WHERE review_cycles > 0`),
  ]);
  return { isRare: rare.includes(true), arePinnedEndsRare };
}

const ENDED = TASK_STATUSES.filter(isTerminal)
  .map((status) => `'${status}'`)
  .join(', ');

async function areFewExpected(executor: Executor, selection: Sql): Promise<boolean> {
  const [row] = await query<{ 'QUERY PLAN': readonly { Plan: { 'Plan Rows': number } }[] }>(
    executor,
    toStatement(sql`EXPLAIN (FORMAT JSON) SELECT FROM ${selection}`, 'once'),
  );
  const [explained] = row?.['QUERY PLAN'] ?? [];
  return explained !== undefined && explained.Plan['Plan Rows'] <= MOST_COLLECTED;
}

/** Whether the filter has a value that few or many tasks may have, so that each value needs a plan of its own. */
export function selectsByValues({
  status: _status,
  priority: _priority,
  isRare: _isRare,
  arePinnedEndsRare: _arePinnedEndsRare,
  ...others
}: ResolvedFilter): boolean {
  return Object.values(others).some((value) => value !== null && value !== undefined);
}

/** The filter as conditions on the tasks `t`. The caller has checked its limits. */
export function conditionsOf(filter: ResolvedFilter, settings: WaitingSettings): readonly Sql[] {
  const { ids, status, priority, search, lateIds, and, or, not } = filter;
  const conditions: Sql[] = [
    ...whoMayTake(filter, settings),
    ...whereFrom(filter),
    ...whenDue(filter),
    ...howItWent(filter),
  ];
  if (ids) conditions.push(sql`t.id = ANY(${[...ids]}::text[])`);
  if (status) conditions.push(sql`t.status = ANY(${status}::task_status[])`);
  if (priority) conditions.push(sql`t.priority = ANY(${priority}::task_priority[])`);
  if (search) conditions.push(lateIds ? hasWrittenWords(search, lateIds) : hasWords(search));
  if (and) conditions.push(allOf(and.map((each) => matches(each, settings))));
  if (or) conditions.push(anyOf(or.map((each) => matches(each, settings))));
  // IS NOT TRUE: an unknown result, such as a comparison with a missing due date, counts as no match.
  if (not) conditions.push(sql`(${matches(not, settings)}) IS NOT TRUE`);
  return conditions;
}

function matches(filter: TaskFilter, settings: WaitingSettings): Sql {
  return allOf(conditionsOf(filter, settings));
}

/**
 * The second condition follows from the first one. It is the one of the partial indexes, which PostgreSQL uses only if a
 * statement has it.
 */
function containsAll(column: keyof typeof HAS_ENTRIES, wanted: readonly string[]): Sql {
  const holds = sql`${identifier(`t.${column}`)} @> ${[...wanted]}::text[]`;
  return wanted.length === 0 ? holds : sql`${holds} AND ${HAS_ENTRIES[column]}`;
}

/**
 * Few tasks require anything. With `<> '{}'`, the planner would multiply their share with the share of the requirement, expect a
 * thirtieth of the tasks that have it, and collect all of them for each status. It has no statistics about the cardinality.
 */
const HAS_ENTRIES = { tags: sql`t.tags <> '{}'`, requires: sql`cardinality(t.requires) <> 0` };

function whoMayTake(filter: TaskFilter, settings: WaitingSettings): Sql[] {
  const { assignee, unassigned, requires, pinned, waitingOn } = filter;
  const conditions: Sql[] = [];
  if (assignee) conditions.push(isAssignedTo(assignee));
  if (typeof unassigned === 'boolean')
    conditions.push(unassigned ? sql`t.assignee_id IS NULL` : sql`t.assignee_id IS NOT NULL`);
  if (requires) conditions.push(containsAll('requires', requires));
  if (typeof pinned === 'boolean') conditions.push(pinned ? sql`t.pinned` : sql`NOT t.pinned`);
  if (waitingOn) conditions.push(waitsOn(waitingOn, settings));
  return conditions;
}

function whereFrom({ tags, recurringTaskId, pipelineRunId }: TaskFilter): Sql[] {
  const conditions: Sql[] = [];
  if (tags) conditions.push(containsAll('tags', tags));
  if (recurringTaskId) conditions.push(isFromRecurringTask(recurringTaskId));
  if (typeof pipelineRunId === 'string') conditions.push(sql`t.pipeline_run_id = ${pipelineRunId}`);
  return conditions;
}

function howItWent({ failureReason, model, rejected, isRare }: ResolvedFilter): Sql[] {
  const conditions: Sql[] = [];
  if (failureReason) conditions.push(sql`t.failure_reason = ANY(${failureReason}::task_failure_reason[])`);
  if (model) conditions.push(hasModel(model, isRare === false));
  if (typeof rejected === 'boolean') conditions.push(wasRejected(rejected, isRare === false));
  return conditions;
}

/**
 * A task without an attempt has no model, and is not searched for one. Few matches are found in task_runs_model_idx. Where many are expected,
 * OFFSET 0 makes a list look at each of its tasks instead: the planner would first collect all 200,000 of a usual model.
 */
function hasModel(models: readonly string[], areMany: boolean): Sql {
  return sql`t.run_count > 0 AND EXISTS (SELECT FROM task_runs r WHERE r.task_id = t.id AND r.number = t.run_count
    AND r.model IS NOT NULL AND r.model = ANY(${[...models]}::text[]) ${identifier(areMany ? 'OFFSET 0' : '')})`;
}

/** tasks_rejected_idx has the condition of few matches. That of many keeps a list from collecting them all from there. */
function wasRejected(wanted: boolean, areMany: boolean): Sql {
  if (!wanted) return sql`t.review_cycles = 0`;
  return identifier(areMany ? 't.review_cycles <> 0' : 't.review_cycles > 0');
}

function whenDue({ createdAt, dueAt, startedAt, statusAt, completedAt, overdue }: TaskFilter): Sql[] {
  const conditions: Sql[] = [];
  if (createdAt) conditions.push(...liesIn(sql`t.created_at`, createdAt));
  // A task does not change before it is created, so a list by its last change begins there.
  if (createdAt?.gte)
    conditions.push(sql`t.updated_at >= ${createdAt.gte}`, sql`t.status_at >= ${createdAt.gte}`);
  if (dueAt) conditions.push(...liesIn(sql`t.due_at`, dueAt));
  if (startedAt) conditions.push(...liesInLife('started_at', startedAt));
  if (statusAt) conditions.push(...liesInLife('status_at', statusAt));
  if (completedAt) conditions.push(sql`t.completed_at IS NOT NULL`, ...liesInLife('status_at', completedAt));
  if (typeof overdue === 'boolean') conditions.push(isOverdue(overdue));
  return conditions;
}

/**
 * A condition on a time between the creation and the last change of a task, and what follows for these, so that lists by them end early.
 * An ended task got its status when it ended.
 */
function liesInLife(column: 'started_at' | 'status_at', range: InstantRange): Sql[] {
  const { gte, lt } = range;
  return [
    ...liesIn(identifier(`t.${column}`), range),
    ...(gte ? [sql`t.updated_at >= ${gte}`] : []),
    ...(lt ? [sql`t.created_at < ${lt}`] : []),
  ];
}

/** A condition on due dates as the index of the queue order has them, which lets a list in this order read no other dates. */
export function isDueInQueue({ gte, lt }: InstantRange): Sql[] {
  if (!gte && !lt) return [];
  const due = sql`coalesce(t.due_at, 'infinity'::timestamptz)`;
  return [...liesIn(due, { gte }), lt ? sql`${due} < ${lt}` : sql`${due} < 'infinity'`];
}

function isAssignedTo(agents: NonNullable<TaskFilter['assignee']>): Sql {
  const ids = agents.flatMap((agent) => agent.id ?? []);
  const names = agents.flatMap((agent) => agent.name ?? []);
  if (names.length === 0) return sql`t.assignee_id = ANY(${ids}::text[])`;
  return sql`(t.assignee_id = ANY(${ids}::text[]) OR t.assignee_id IN (SELECT id FROM agents WHERE name = ANY(${names}::text[])))`;
}

/** By id, else by name. The tasks of one that was removed keep its id, so an id need not exist any more. */
function isFromRecurringTask(idOrName: string): Sql {
  return sql`t.recurring_task_id = coalesce((SELECT id FROM recurring_tasks
    WHERE id = ${idOrName} OR name = ${idOrName} ORDER BY id = ${idOrName} DESC LIMIT 1), ${idOrName})`;
}

function liesIn(column: Sql, { gte, lt }: InstantRange): Sql[] {
  return [...(gte ? [sql`${column} >= ${gte}`] : []), ...(lt ? [sql`${column} < ${lt}`] : [])];
}

function isOverdue(wanted: boolean): Sql {
  const overdue = sql`(t.due_at < now() AND t.status NOT IN ('DONE', 'FAILED', 'CANCELLED'))`;
  return wanted ? overdue : sql`${overdue} IS NOT TRUE`;
}
