import type { GraphQLResolveInfo } from 'graphql';
import type {
  Agent,
  ApiKey,
  Comment,
  Pipeline,
  PipelineRun,
  QualityReview,
  RecurringTask,
  ReviewRun,
  Task,
  TaskRun,
} from '../../generated/prisma/client.js';
import { isId } from '../../kernel/ids.js';
import { findAgents } from '../../services/agents/read-agents.js';
import { findPipelineRuns, findPipelines } from '../../services/pipelines/read-pipelines.js';
import { findRecurringTasks } from '../../services/recurring/read-recurring-tasks.js';
import { findTasks } from '../../services/tasks/read-tasks.js';
import type { GraphqlContext } from '../context.js';
import { loadBatched } from './loaders.js';
import { agentColumns, taskColumns } from './selected-columns.js';

/*
 * One row by its id. All that ask in the same step share a statement, so a list of fifty tasks with their agents costs
 * two statements, whatever row the list was made from: a page, a claim, an event.
 */

/** The task, if the viewer may see it. */
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

export async function loadRun(context: GraphqlContext, id: string): Promise<TaskRun | null> {
  const load = async (ids: readonly string[]) =>
    byId(await context.prisma.taskRun.findMany({ where: { id: { in: [...ids] } } }));
  return (await loadBatched(context, 'run', id, load)) ?? null;
}

export async function loadComment(context: GraphqlContext, id: string): Promise<Comment | null> {
  const load = async (ids: readonly string[]) =>
    byId(await context.prisma.comment.findMany({ where: { id: { in: [...ids] } } }));
  return (await loadBatched(context, 'comment', id, load)) ?? null;
}

export async function loadReview(context: GraphqlContext, id: string): Promise<QualityReview | null> {
  const load = async (ids: readonly string[]) =>
    byId(await context.prisma.qualityReview.findMany({ where: { id: { in: [...ids] } } }));
  return (await loadBatched(context, 'review', id, load)) ?? null;
}

export async function loadReviewRun(context: GraphqlContext, id: string): Promise<ReviewRun | null> {
  const load = async (ids: readonly string[]) =>
    byId(await context.prisma.reviewRun.findMany({ where: { id: { in: [...ids] } } }));
  return (await loadBatched(context, 'reviewRun', id, load)) ?? null;
}

export async function loadPipeline(context: GraphqlContext, id: string): Promise<Pipeline | null> {
  const load = (ids: readonly string[]) => findPipelines(context.services, ids);
  return (await loadBatched(context, 'pipeline', id, load)) ?? null;
}

export async function getPipeline(context: GraphqlContext, id: string): Promise<Pipeline> {
  return there(await loadPipeline(context, id), id);
}

/** The run, if the viewer may see it. */
export async function loadPipelineRun(context: GraphqlContext, id: string): Promise<PipelineRun | null> {
  if (!isId('plr', id)) return null;
  const load = (ids: readonly string[]) => findPipelineRuns(context.services, context.viewer, ids);
  return (await loadBatched(context, 'pipelineRun', id, load)) ?? null;
}

export async function loadApiKey(context: GraphqlContext, id: string): Promise<ApiKey | null> {
  const load = async (ids: readonly string[]) =>
    byId(await context.prisma.apiKey.findMany({ where: { id: { in: [...ids] } } }));
  return (await loadBatched(context, 'key', id, load)) ?? null;
}

/** Not for the keys of agents, which see tasks and not where they come from. */
export async function loadRecurringTask(context: GraphqlContext, id: string): Promise<RecurringTask | null> {
  if (context.viewer.agentId !== null) return null;
  const load = (ids: readonly string[]) => findRecurringTasks(context.services, ids);
  return (await loadBatched(context, 'recurringTask', id, load)) ?? null;
}

function byId<Row extends { readonly id: string }>(rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [row.id, row]));
}

function there<Row>(row: Row | null, id: string): Row {
  if (row === null) throw new Error(`${id} is referred to and not there`);
  return row;
}
