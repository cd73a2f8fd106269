import { isDeepStrictEqual } from 'node:util';
import { toActor, type Viewer } from '../../domain/actor.js';
import { checkFields } from '../../domain/inputs.js';
import { Refusal } from '../../domain/refusals.js';
import { newId } from '../../kernel/ids.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import {
  insertPipeline,
  listPipelineSteps,
  lockPipeline,
  markPipelineRemoved,
  type NewPipelineStep,
  type PipelineRow,
  raisePipelineVersion,
  replacePipelineSteps,
} from '../../store/pipelines/pipelines.js';
import { checkVersion } from '../check-version.js';
import { toLookup, toShown } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { checkPipelineSteps, type PipelineStep, toStepRows } from './pipeline-steps.js';

export interface CreatePipeline {
  readonly name: string;
  readonly steps: readonly PipelineStep[];
}

export interface UpdatePipeline extends CreatePipeline {
  readonly expectedVersion?: number | null | undefined;
}

/**
 * Saves a graph of tasks that can be started repeatedly. Creates no tasks.
 * @throws {Refusal} ALREADY_EXISTS for a name that is taken, UNKNOWN_AGENT, INVALID. @throws {DependencyCycle}
 */
export async function createPipeline(
  context: Pick<ServiceContext, 'database'>,
  viewer: Viewer,
  input: CreatePipeline,
): Promise<PipelineRow> {
  checkFields(input, [['name', 'pipelineName']]);
  checkPipelineSteps(input.steps);
  return inTransaction(context.database, async (tx) => {
    const pipeline = await insertPipeline(tx, newId('pip'), input.name);
    if (pipeline === null) {
      throw new Refusal(
        'ALREADY_EXISTS',
        `A pipeline ${input.name} already exists: change it with updatePipeline, or choose another name.`,
        ['name'],
      );
    }
    await replacePipelineSteps(tx, pipeline.id, await toStepRows(tx, input.steps));
    emitChange(tx, viewer, 'pipeline.created', pipeline);
    return pipeline;
  });
}

/**
 * Replaces the steps of a pipeline and increases its version. Started runs keep their tasks. Equal steps change nothing.
 * @throws {Refusal} NOT_FOUND, UNKNOWN_AGENT, INVALID. @throws {DependencyCycle} @throws {VersionConflict}
 */
export async function updatePipeline(
  context: Pick<ServiceContext, 'database'>,
  viewer: Viewer,
  input: UpdatePipeline,
): Promise<PipelineRow> {
  checkPipelineSteps(input.steps);
  return inTransaction(context.database, async (tx) => {
    const pipeline = await lockPipeline(tx, toLookup(input.name));
    if (pipeline === null) throw noSuchPipeline(input.name);
    checkVersion(pipeline, input.expectedVersion);
    const steps = await toStepRows(tx, input.steps);
    if (isDeepStrictEqual(await readSteps(tx, pipeline.id), steps)) return pipeline;
    await replacePipelineSteps(tx, pipeline.id, steps);
    const updated = await raisePipelineVersion(tx, pipeline.id);
    if (updated === null) throw new Error(`pipeline ${pipeline.id} vanished while its row was locked`);
    emitChange(tx, viewer, 'pipeline.updated', updated);
    return updated;
  });
}

/**
 * Removes a pipeline, so that it cannot be started and its name is free. Its runs continue and still refer to it.
 * @returns the id of the pipeline. @throws {Refusal} NOT_FOUND
 */
export async function removePipeline(
  context: Pick<ServiceContext, 'database'>,
  viewer: Viewer,
  name: string,
): Promise<string> {
  return inTransaction(context.database, async (tx) => {
    // Waits for a concurrent start, which holds a share lock. A later start finds the pipeline removed.
    const pipeline = await lockPipeline(tx, toLookup(name));
    if (pipeline === null) throw noSuchPipeline(name);
    await markPipelineRemoved(tx, pipeline.id);
    emitChange(tx, viewer, 'pipeline.removed', pipeline);
    return pipeline.id;
  });
}

/** The refusal for a pipeline that does not exist. */
export function noSuchPipeline(name: string): Refusal {
  return new Refusal('NOT_FOUND', `There is no pipeline ${toShown(name)}.`, ['name']);
}

async function readSteps(tx: Transaction, pipelineId: string): Promise<NewPipelineStep[]> {
  const rows = await listPipelineSteps(tx.executor, [pipelineId]);
  return rows.map(({ pipelineId: _pipeline, position: _position, assigneeId: _assignee, ...step }) => step);
}

function emitChange(
  tx: Transaction,
  viewer: Viewer,
  type: 'pipeline.created' | 'pipeline.updated' | 'pipeline.removed',
  pipeline: PipelineRow,
): void {
  tx.emit({ type, actor: toActor(viewer), payload: { pipelineId: pipeline.id } });
}
