import type { GraphQLResolveInfo } from 'graphql';
import type PrismaTypes from '../../generated/pothos-types.js';
import type { Agent, PipelineRun, RecurringTask, Task } from '../../generated/prisma/client.js';
import { isId } from '../../kernel/ids.js';
import { findAgents } from '../../services/agents/read-agents.js';
import { findPipelineRuns } from '../../services/pipelines/read-pipelines.js';
import { findTasks } from '../../services/tasks/read-tasks.js';
import type { ReadClient } from '../../store/read-client.js';
import type { GraphqlContext } from '../context.js';
import { loadBatched } from './loaders.js';
import { agentColumns, taskColumns } from './selected-columns.js';

/*
 * One row by its id. All that ask in the same step share a statement, so a list of fifty tasks with their agents costs
 * two statements, whatever row the list was made from: a page, a claim, an event.
 */

/**
 * The task, if the viewer may see it. A link to a task is never a `t.relation`: which tasks an agent may see is one rule
 * in SQL (store/tasks/visible-tasks.ts), and `t.relation` would bypass it.
 */
export async function loadTask(
  context: GraphqlContext,
  info: GraphQLResolveInfo,
  id: string,
): Promise<Task | null> {
  const columns = taskColumns(info);
  const load = (ids: readonly string[]) => findTasks(context.services, context.viewer, ids, columns);
  return (await loadBatched(context, `task:${columns}`, id, load)) ?? null;
}

export async function loadAgent(
  context: GraphqlContext,
  info: GraphQLResolveInfo,
  id: string,
): Promise<Agent | null> {
  const columns = agentColumns(info);
  const load = (ids: readonly string[]) => findAgents(context.services, ids, columns);
  return (await loadBatched(context, `agent:${columns}`, id, load)) ?? null;
}

/** For fields that can't be null: what the row refers to is held by a foreign key. */
export async function getAgent(
  context: GraphqlContext,
  info: GraphQLResolveInfo,
  id: string,
): Promise<Agent> {
  return there(await loadAgent(context, info, id), id);
}

export async function getTask(context: GraphqlContext, info: GraphQLResolveInfo, id: string): Promise<Task> {
  return there(await loadTask(context, info, id), id);
}

/** The models whose rows Prisma reads by id. */
type Model = 'ApiKey' | 'Comment' | 'Pipeline' | 'QualityReview' | 'RecurringTask' | 'ReviewRun' | 'TaskRun';
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
  RecurringTask: (prisma, where) => prisma.recurringTask.findMany({ where }),
  ReviewRun: (prisma, where) => prisma.reviewRun.findMany({ where }),
  TaskRun: (prisma, where) => prisma.taskRun.findMany({ where }),
};

/**
 * The row of a model, for callers that have checked or check next whether the viewer may see it. Tasks and events, whose
 * lists are hot, refer to rows in this way: Prisma joins a hundred calls of `findUnique` to one statement as well, but
 * that took 7.8 ms where one `findMany` took 1.4. Cold rows refer to each other by `t.relation`.
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

/** The run, if the viewer may see it. An agent sees it if it sees one of its tasks, so SQL reads it as in {@link loadTask}. */
export async function loadPipelineRun(context: GraphqlContext, id: string): Promise<PipelineRun | null> {
  if (!isId('plr', id)) return null;
  const load = (ids: readonly string[]) => findPipelineRuns(context.services, context.viewer, ids);
  return (await loadBatched(context, 'pipelineRun', id, load)) ?? null;
}

/** Null for the keys of agents, which see tasks and not where they come from; `t.relation` would show it to them. */
export async function loadRecurringTask(context: GraphqlContext, id: string): Promise<RecurringTask | null> {
  return context.viewer.agentId === null ? loadRow(context, 'RecurringTask', id) : null;
}

function byId<Each extends { readonly id: string }>(rows: readonly Each[]): ReadonlyMap<string, Each> {
  return new Map(rows.map((row) => [row.id, row]));
}

function there<Each>(row: Each | null, id: string): Each {
  if (row === null) throw new Error(`${id} is referred to and not there`);
  return row;
}
