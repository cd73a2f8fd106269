import { type Actor, toActor, type Viewer } from '../../domain/actor.js';
import { checkFields, findMistakes } from '../../domain/inputs.js';
import { LIMITS } from '../../domain/limits.js';
import {
  fillPlaceholders,
  listPlaceholders,
  measureFilled,
  parseVariables,
} from '../../domain/pipelines/placeholders.js';
import { Refusal, Refusals } from '../../domain/refusals.js';
import type { Edge } from '../../domain/tasks/dependency-graph.js';
import { sortByKeys } from '../../domain/tasks/sort-by-keys.js';
import { copyTemplate } from '../../domain/tasks/task-fields.js';
import { newId } from '../../kernel/ids.js';
import { toJsonObject } from '../../kernel/json.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import {
  findPipelineRun,
  insertPipelineDependencies,
  insertPipelineRun,
  insertPipelineTasks,
  type NewPipelineTask,
  type PipelineRunRow,
} from '../../store/pipelines/pipeline-runs.js';
import {
  listPipelineSteps,
  type PipelineStepRow,
  shareLockPipeline,
} from '../../store/pipelines/pipelines.js';
import { findEarlier } from '../idempotency.js';
import { limitOpenTasks, withinTaskQuota } from '../quotas.js';
import { toLookup } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { noSuchPipeline } from './save-pipeline.js';

export interface StartPipeline {
  readonly name: string;
  readonly variables?: Record<string, unknown> | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

/**
 * Creates all tasks of a pipeline with the placeholders replaced, in one transaction. The number of statements does not
 * depend on the number of tasks. Later changes of the pipeline do not affect these tasks.
 * @throws {Refusal} NOT_FOUND; UNKNOWN_AGENT; INVALID for missing or unknown variables, and for values that make a text
 * too long.
 */
export async function startPipeline(
  context: Pick<ServiceContext, 'database' | 'quotas' | 'settings'>,
  viewer: Viewer,
  input: StartPipeline,
): Promise<PipelineRunRow> {
  const variables = input.variables ?? {};
  checkFields(input, ['variables', 'idempotencyKey']);
  return withinTaskQuota(context, viewer, (take) =>
    inTransaction(context.database, (tx) => startIn(context, tx, viewer, { ...input, variables }, take)),
  );
}

async function startIn(
  context: Pick<ServiceContext, 'settings'>,
  tx: Transaction,
  viewer: Viewer,
  input: StartPipeline & { readonly variables: Record<string, unknown> },
  take: (count: number) => void,
): Promise<PipelineRunRow> {
  const id = newId('plr');
  const earlier = await findEarlier(tx, viewer, 'startPipeline', input, id);
  if (earlier !== null) return getEarlierRun(tx, earlier);
  const pipeline = await shareLockPipeline(tx, toLookup(input.name));
  if (pipeline === null) throw noSuchPipeline(input.name);
  const steps = fillSteps(await listPipelineSteps(tx.executor, [pipeline.id]), input.variables);
  take(steps.length);
  limitOpenTasks(context, tx, viewer);
  const run = await insertPipelineRun(tx, {
    id,
    pipelineId: pipeline.id,
    pipelineVersion: pipeline.version,
    variables: toJsonObject(input.variables),
  });
  const actor = toActor(viewer);
  tx.emit({
    type: 'pipeline.started',
    actor,
    pipelineRunId: id,
    payload: { pipelineId: pipeline.id },
  });
  await createTasksOfRun(tx, actor, id, steps);
  return run;
}

async function getEarlierRun(tx: Transaction, id: string): Promise<PipelineRunRow> {
  const run = await findPipelineRun(tx, id);
  if (run === null) throw new Error(`an idempotency key refers to pipeline run ${id}, which does not exist`);
  return run;
}

/** @throws {Refusals} for variables that make a field of a step invalid. */
function fillSteps(
  steps: readonly PipelineStepRow[],
  variables: Readonly<Record<string, unknown>>,
): PipelineStepRow[] {
  const texts = steps.flatMap(textsOf);
  const values = parseVariables(variables, listPlaceholders(texts));
  checkLength(texts, values);
  const filled = steps.map((step) => ({
    ...step,
    title: fillPlaceholders(step.title, values),
    description: step.description === null ? null : fillPlaceholders(step.description, values),
    tags: [...new Set(step.tags.map((tag) => fillPlaceholders(tag, values)))],
  }));
  const mistakes = filled.flatMap(findMistakesOf);
  if (mistakes.length > 0) throw new Refusals(mistakes);
  return filled;
}

/** A variable may be used thousands of times, so the texts are measured before they are built. @throws {Refusal} INVALID */
function checkLength(texts: readonly string[], values: ReadonlyMap<string, string>): void {
  const length = texts.reduce((sum, text) => sum + measureFilled(text, values), 0);
  if (length <= LIMITS.pipelineTextLength) return;
  throw new Refusal(
    'INVALID',
    `With these variables, the texts of the tasks have ${length} characters together: at most ${LIMITS.pipelineTextLength} are allowed.`,
    ['variables'],
  );
}

function findMistakesOf(step: PipelineStepRow): Refusal[] {
  const mistakes = findMistakes(step, ['title', 'description', 'tags'], ['steps', step.key]);
  return mistakes.map(
    ({ code, message }) => new Refusal(code, `With these variables, ${message}`, ['variables']),
  );
}

/** The texts of a step that may contain placeholders. */
export function textsOf(step: Pick<PipelineStepRow, 'title' | 'description' | 'tags'>): readonly string[] {
  return [step.title, step.description ?? '', ...step.tags];
}

/** Dependencies are inserted first, so tasks can be done in the order of their numbers. */
async function createTasksOfRun(
  tx: Transaction,
  actor: Actor,
  runId: string,
  steps: readonly PipelineStepRow[],
): Promise<void> {
  const keyed = steps.map(({ key, dependsOn }) => ({ key, waitsFor: dependsOn }));
  const order = sortByKeys(keyed, { pathOf: () => [], field: 'dependsOn' });
  const ids = new Map(steps.map(({ key }) => [key, newId('task')]));
  const sorted = order.flatMap((place) => steps[place] ?? []);
  const tasks = await insertPipelineTasks(
    tx,
    sorted.map((step) => toTask(step, ids.get(step.key) ?? '', runId, actor)),
  );
  const edges = sorted.flatMap(({ key, dependsOn }): Edge[] =>
    dependsOn.map((other) => ({ from: ids.get(key) ?? '', to: ids.get(other) ?? '' })),
  );
  if (edges.length > 0) await insertPipelineDependencies(tx, edges);
  for (const { id, status, assigneeId } of tasks) {
    const about = { actor, taskId: id, agentId: assigneeId, pipelineRunId: runId };
    tx.emit({ type: 'task.created', ...about, payload: { to: status } });
    if (assigneeId !== null)
      tx.emit({ type: 'task.assigned', ...about, payload: { assigneeId, previousAssigneeId: null } });
  }
}

function toTask(step: PipelineStepRow, id: string, pipelineRunId: string, actor: Actor): NewPipelineTask {
  if (step.assigneeName !== null && step.assigneeId === null) {
    throw new Refusal(
      'UNKNOWN_AGENT',
      `There is no agent ${step.assigneeName}, the assignee of the step ${step.key}: register it first with registerAgent.`,
      ['name'],
    );
  }
  return {
    id,
    ...copyTemplate(step),
    assigneeId: step.assigneeId,
    createdByKeyId: actor.keyId,
    createdByAgentId: actor.agentId,
    dueInMs: step.dueInMs === null ? null : Number(step.dueInMs),
    openDependencies: step.dependsOn.length,
    onDependencyFailure: step.onDependencyFailure,
    pipelineRunId,
    pipelineStepKey: step.key,
  };
}
