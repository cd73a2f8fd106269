import type { PipelineRunFacts, PipelineRunStatus } from '../../domain/pipelines/pipeline-run.js';
import type { Edge } from '../../domain/tasks/dependency-graph.js';
import type { PipelineRun, Prisma } from '../../generated/prisma/client.js';
import type { Transaction } from '../../postgres/transaction.js';
import { jsonColumns } from '../json-rows.js';
import type { NewTask, TaskRow } from '../tasks/tasks.js';

export type PipelineRunRow = PipelineRun;

export async function insertPipelineRun(
  tx: Transaction,
  run: Pick<PipelineRunRow, 'id' | 'pipelineId' | 'pipelineVersion'> & {
    readonly variables: Prisma.InputJsonObject;
  },
): Promise<PipelineRunRow> {
  const row = await tx.one<PipelineRunRow>({
    name: 'insert_pipeline_run',
    text: `INSERT INTO pipeline_runs (id, pipeline_id, pipeline_version, variables) VALUES ($1, $2, $3, $4) RETURNING *`,
    values: [run.id, run.pipelineId, run.pipelineVersion, JSON.stringify(run.variables)],
  });
  if (row === null) throw new Error('INSERT INTO pipeline_runs returned no row');
  return row;
}

/** A task of a run; when it is due is counted by the database's clock. */
export interface NewPipelineTask extends Omit<NewTask, 'status' | 'dueAt' | 'startsAt'> {
  readonly dueInMs: number | null;
  readonly pipelineRunId: string;
  readonly pipelineStepKey: string;
}

/**
 * Inserts all tasks of a run by one statement, with numbers in the order given: a thousand take as long as thirty one by
 * one.
 */
export async function insertPipelineTasks(
  tx: Transaction,
  tasks: readonly NewPipelineTask[],
): Promise<TaskRow[]> {
  const rows = tasks.map((task, place) => ({
    ...task,
    status: task.assigneeId === null ? 'INBOX' : 'ASSIGNED',
    place,
  }));
  const given = Object.keys(rows[0] ?? {}).filter((name) => name !== 'dueInMs' && name !== 'place');
  const { names, picked, types } = jsonColumns('Task', given);
  return tx.query<TaskRow>({
    name: 'insert_pipeline_tasks',
    text: `INSERT INTO tasks (${names}, due_at)
      SELECT ${picked}, now() + s."dueInMs" * interval '1 millisecond'
      FROM jsonb_to_recordset($1::jsonb) AS s(place int, "dueInMs" bigint, ${types})
      ORDER BY s.place RETURNING *`,
    values: [JSON.stringify(rows)],
  });
}

/** Inserts dependencies between new tasks, all of them open. */
export async function insertPipelineDependencies(tx: Transaction, edges: readonly Edge[]): Promise<void> {
  await tx.query({
    name: 'insert_pipeline_dependencies',
    text: 'INSERT INTO task_dependencies (task_id, depends_on_id) SELECT * FROM unnest($1::text[], $2::text[])',
    values: [edges.map(({ from }) => from), edges.map(({ to }) => to)],
  });
}

/** The run without a lock. */
export async function findPipelineRun(tx: Transaction, id: string): Promise<PipelineRunRow | null> {
  return tx.one<PipelineRunRow>({
    name: 'find_pipeline_run',
    text: 'SELECT * FROM pipeline_runs WHERE id = $1',
    values: [id],
  });
}

/**
 * Locks the run. Taken last in a transaction, behind tasks, runs and agents, so that the ends of its tasks come one after
 * the other and the last of them sees all.
 */
export async function lockPipelineRun(tx: Transaction, id: string): Promise<PipelineRunRow | null> {
  return tx.one<PipelineRunRow>({
    name: 'lock_pipeline_run',
    text: 'SELECT * FROM pipeline_runs WHERE id = $1 FOR NO KEY UPDATE',
    values: [id],
  });
}

/** Locks the tasks of the run that have not ended, by number: dependencies first, as an end locks them. */
export async function lockOpenTasksOfRun(tx: Transaction, runId: string): Promise<TaskRow[]> {
  return tx.query<TaskRow>({
    name: 'lock_open_tasks_of_run',
    text: `SELECT * FROM tasks WHERE pipeline_run_id = $1 AND status NOT IN ('DONE', 'FAILED', 'CANCELLED')
      ORDER BY number FOR NO KEY UPDATE`,
    values: [runId],
  });
}

/** Uses tasks_pipeline_step_key, and the primary key of task_dependencies for tasks that wait. */
export async function readPipelineRunFacts(
  tx: Transaction,
  runId: string,
): Promise<Omit<PipelineRunFacts, 'isCancelled'>> {
  const row = await tx.one<Omit<PipelineRunFacts, 'isCancelled'>>({
    name: 'read_pipeline_run_facts',
    text: `SELECT f.open, f.failed, f.cancelled, f.is_active OR EXISTS (
        SELECT FROM tasks t JOIN task_dependencies d ON d.task_id = t.id AND d.settled_at IS NULL
          JOIN tasks o ON o.id = d.depends_on_id
        WHERE t.pipeline_run_id = $1 AND t.status IN ('INBOX', 'ASSIGNED')
          AND o.pipeline_run_id IS DISTINCT FROM $1 AND o.status NOT IN ('DONE', 'FAILED', 'CANCELLED')) AS can_go_on
      FROM (SELECT
          (count(*) FILTER (WHERE status NOT IN ('DONE', 'FAILED', 'CANCELLED')))::int AS open,
          (count(*) FILTER (WHERE status = 'FAILED'))::int AS failed,
          (count(*) FILTER (WHERE status = 'CANCELLED'))::int AS cancelled,
          coalesce(bool_or(status IN ('IN_PROGRESS', 'REVIEW', 'REJECTED')
            OR (status IN ('INBOX', 'ASSIGNED') AND open_dependencies = 0)), false) AS is_active
        FROM tasks WHERE pipeline_run_id = $1) f`,
    values: [runId],
  });
  if (row === null) throw new Error('an aggregate returned no row');
  return row;
}

/** Writes what a locked run has come to. Going on again, it is no longer cancelled. */
export async function writePipelineRunStatus(
  tx: Transaction,
  id: string,
  status: PipelineRunStatus,
  isCancelled: boolean,
): Promise<void> {
  await tx.query({
    name: 'write_pipeline_run_status',
    text: `UPDATE pipeline_runs SET status = $2::pipeline_run_status,
        finished_at = CASE WHEN $2::pipeline_run_status <> 'RUNNING' THEN now() END,
        cancelled_at = CASE WHEN $3 AND $2::pipeline_run_status <> 'RUNNING' THEN coalesce(cancelled_at, now()) END
      WHERE id = $1`,
    values: [id, status, isCancelled],
  });
}
