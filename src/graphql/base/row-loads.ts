import type { GraphQLResolveInfo } from 'graphql';
import type PrismaTypes from '../../generated/pothos-types.js';
import type { Agent, PipelineRun, RecurringTask, Task } from '../../generated/prisma/client.js';
import { isId } from '../../kernel/ids.js';
import { findAgents } from '../../services/agents/read-agents.js';
import { findPipelineRuns } from '../../services/pipelines/read-pipelines.js';
import { findTasks, type TaskColumns } from '../../services/tasks/read-tasks.js';
import type { ReadClient } from '../../store/read-client.js';
import type { GraphqlContext } from '../context.js';
import { loadBatched } from './loaders.js';
import { agentColumns, taskColumns } from './selected-columns.js';

/*
 * Each function loads one row by its id. Calls in the same step share a statement, so a list of fifty tasks with their
 * agents takes two statements.
 */

/**
 * The task, if the viewer may see it. A link to a task is never a `t.relation`, which would bypass the SQL rule for the
 * tasks that an agent may see (store/tasks/visible-tasks.ts).
 */
export async function loadTask(
  context: GraphqlContext,
  info: GraphQLResolveInfo,
  id: string,
): Promise<Task | null> {
  return loadTaskById(context, taskColumns(info), id);
}

export async function loadTaskById(
  context: GraphqlContext,
  columns: TaskColumns,
  id: string,
): Promise<Task | null> {
  const load = (ids: readonly string[]) => findTasks(context.services, context.viewer, ids, columns);
  return (await loadBatched(context, `task:${columns}`, id, load)) ?? null;
}

/** The columns of tasks with texts of up to 100,000 characters. */
const LONG_COLUMNS: readonly string[] = ['description', 'resolution', 'failureDetail', 'metadata'];

/**
 * The tasks of a list without pages, such as the dependencies of a task. Long texts are loaded afterwards, once for each
 * task: a hundred tasks that depend on the same hundred would load 2 GB of them.
 *
 * @param name - the list, for the batch.
 * @param find - the lists of several parents.
 */
export async function loadTaskList(
  context: GraphqlContext,
  name: string,
  parentId: string,
  columns: TaskColumns,
  find: (parentIds: readonly string[], columns: TaskColumns) => Promise<ReadonlyMap<string, Task[]>>,
): Promise<Task[]> {
  const isLong = columns === '*' || columns.some((column) => LONG_COLUMNS.includes(column));
  const first: TaskColumns = isLong ? ['id'] : columns;
  const load = (ids: readonly string[]) => find(ids, first);
  const tasks = (await loadBatched(context, `${name}:${first}`, parentId, load)) ?? [];
  if (!isLong) return tasks;
  const complete = await Promise.all(tasks.map(({ id }) => loadTaskById(context, columns, id)));
  return complete.filter((task) => task !== null);
}

/** The agent; null if the id names none. Every viewer sees every agent. */
export async function loadAgent(
  context: GraphqlContext,
  info: GraphQLResolveInfo,
  id: string,
): Promise<Agent | null> {
  const columns = agentColumns(info);
  const load = (ids: readonly string[]) => findAgents(context.services, ids, columns);
  return (await loadBatched(context, `agent:${columns}`, id, load)) ?? null;
}

/** The agent of a non-null field. A foreign key guarantees that it exists. */
export async function getAgent(
  context: GraphqlContext,
  info: GraphQLResolveInfo,
  id: string,
): Promise<Agent> {
  return found(await loadAgent(context, info, id), id);
}

/** The task of a non-null field. The viewer sees the row only if it sees the task. */
export async function getTask(context: GraphqlContext, info: GraphQLResolveInfo, id: string): Promise<Task> {
  return found(await loadTask(context, info, id), id);
}

/** The models whose rows Prisma reads by id. */
type Model =
  | 'ApiKey'
  | 'Comment'
  | 'Pipeline'
  | 'QualityReview'
  | 'Question'
  | 'RecurringTask'
  | 'ReviewRun'
  | 'TaskRun';
type Row<Name extends Model> = PrismaTypes[Name]['Shape'];
type FindMany<Name extends Model> = (
  prisma: ReadClient,
  where: { id: { in: string[] } },
) => Promise<Row<Name>[]>;

const FIND_MANY: { readonly [Name in Model]: FindMany<Name> } = {
  ApiKey: (prisma, where) => prisma.apiKey.findMany({ where }),
  Comment: (prisma, where) => prisma.comment.findMany({ where }),
  Pipeline: (prisma, where) => prisma.pipeline.findMany({ where }),
  QualityReview: (prisma, where) => prisma.qualityReview.findMany({ where }),
  Question: (prisma, where) => prisma.question.findMany({ where }),
  RecurringTask: (prisma, where) => prisma.recurringTask.findMany({ where }),
  ReviewRun: (prisma, where) => prisma.reviewRun.findMany({ where }),
  TaskRun: (prisma, where) => prisma.taskRun.findMany({ where }),
};

/**
 * The row of a model. Callers check whether the viewer may see it. The hot lists (tasks and events) load linked rows in
 * this way: Prisma also joins a hundred `findUnique` calls into one statement, but that took 7.8 ms and one `findMany`
 * took 1.4 ms. Cold rows use `t.relation`.
 */
export async function loadRow<Name extends Model>(
  context: GraphqlContext,
  model: Name,
  id: string,
): Promise<Row<Name> | null> {
  const load = async (ids: readonly string[]) =>
    byId<Row<Name>>(await FIND_MANY[model](context.prisma, { id: { in: [...ids] } }));
  return (await loadBatched(context, `row:${model}`, id, load)) ?? null;
}

/** The run, if the viewer may see it. An agent sees it if it sees one of its tasks; SQL applies that rule. */
export async function loadPipelineRun(context: GraphqlContext, id: string): Promise<PipelineRun | null> {
  if (!isId('plr', id)) return null;
  const load = (ids: readonly string[]) => findPipelineRuns(context.services, context.viewer, ids);
  return (await loadBatched(context, 'pipelineRun', id, load)) ?? null;
}

/** The recurring task; null for keys of agents, which may not see it. `t.relation` would show it to them. */
export async function loadRecurringTask(context: GraphqlContext, id: string): Promise<RecurringTask | null> {
  return context.viewer.agentId === null ? loadRow(context, 'RecurringTask', id) : null;
}

function byId<Each extends { readonly id: string }>(rows: readonly Each[]): ReadonlyMap<string, Each> {
  return new Map(rows.map((row) => [row.id, row]));
}

function found<Each>(row: Each | null, id: string): Each {
  if (row === null) throw new Error(`${id} is referenced but does not exist`);
  return row;
}
