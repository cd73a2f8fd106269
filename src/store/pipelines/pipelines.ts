import type { Pipeline, PipelineStep } from '../../generated/prisma/client.js';
import { type Executor, query } from '../../postgres/statement.js';
import type { Transaction } from '../../postgres/transaction.js';
import { jsonColumns } from '../json-columns.js';

export type PipelineRow = Pipeline;

/** A step, with the id of the agent that has the name of its assignee. */
export type PipelineStepRow = PipelineStep & { readonly assigneeId: string | null };

export type NewPipelineStep = Omit<PipelineStep, 'pipelineId' | 'position'>;

/** Inserts a pipeline; null if its name is taken. A concurrent insert of the same name waits here. */
export async function insertPipeline(tx: Transaction, id: string, name: string): Promise<PipelineRow | null> {
  return tx.one<PipelineRow>({
    name: 'insert_pipeline',
    text: 'INSERT INTO pipelines (id, name) VALUES ($1, $2) ON CONFLICT (name) WHERE removed_at IS NULL DO NOTHING RETURNING *',
    values: [id, name],
  });
}

/** Locks the pipeline against other edits. Uses pipelines_name_key. */
export async function lockPipeline(tx: Transaction, name: string): Promise<PipelineRow | null> {
  return tx.one<PipelineRow>({
    name: 'lock_pipeline',
    text: 'SELECT * FROM pipelines WHERE name = $1 AND removed_at IS NULL FOR NO KEY UPDATE',
    values: [name],
  });
}

/** Share-locks the pipeline, so that its steps do not change while they are read. Several transactions may hold this lock. */
export async function shareLockPipeline(tx: Transaction, name: string): Promise<PipelineRow | null> {
  return tx.one<PipelineRow>({
    name: 'share_lock_pipeline',
    text: 'SELECT * FROM pipelines WHERE name = $1 AND removed_at IS NULL FOR SHARE',
    values: [name],
  });
}

/** Increases the version of a locked pipeline. */
export async function raisePipelineVersion(tx: Transaction, id: string): Promise<PipelineRow | null> {
  return tx.one<PipelineRow>({
    name: 'raise_pipeline_version',
    text: 'UPDATE pipelines SET version = version + 1, updated_at = now() WHERE id = $1 RETURNING *',
    values: [id],
  });
}

/** Marks a locked pipeline as removed. Its row and its steps stay, because its runs refer to them. */
export async function markPipelineRemoved(tx: Transaction, id: string): Promise<void> {
  await tx.query({
    name: 'mark_pipeline_removed',
    text: 'UPDATE pipelines SET removed_at = now() WHERE id = $1',
    values: [id],
  });
}

/** Replaces the steps of a locked pipeline, in the given order. */
export async function replacePipelineSteps(
  tx: Transaction,
  pipelineId: string,
  steps: readonly NewPipelineStep[],
): Promise<void> {
  await tx.query({
    name: 'delete_pipeline_steps',
    text: 'DELETE FROM pipeline_steps WHERE pipeline_id = $1',
    values: [pipelineId],
  });
  const rows = steps.map((step, position) => ({
    pipelineId,
    position,
    ...step,
    dueInMs: step.dueInMs === null ? null : Number(step.dueInMs),
  }));
  const { names, picked, types } = jsonColumns('PipelineStep', Object.keys(rows[0] ?? {}));
  await tx.query({
    name: 'insert_pipeline_steps',
    text: `INSERT INTO pipeline_steps (${names}) SELECT ${picked} FROM jsonb_to_recordset($1::jsonb) AS s(${types})`,
    values: [JSON.stringify(rows)],
  });
}

/** The steps of several pipelines, in their order within each pipeline. Uses the primary key. */
export async function listPipelineSteps(
  executor: Executor,
  pipelineIds: readonly string[],
): Promise<PipelineStepRow[]> {
  return query<PipelineStepRow>(executor, {
    name: 'list_pipeline_steps',
    text: `SELECT s.*, a.id AS assignee_id FROM pipeline_steps s LEFT JOIN agents a ON a.name = s.assignee_name
      WHERE s.pipeline_id = ANY($1) ORDER BY s.pipeline_id, s.position`,
    values: [pipelineIds],
  });
}
