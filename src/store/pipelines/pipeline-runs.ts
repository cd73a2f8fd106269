import type { PipelineRunFacts, PipelineRunStatus } from '../../domain/pipelines/pipeline-run.js';
import type { Edge } from '../../domain/tasks/dependency-graph.js';
import type { PipelineRun, Prisma } from '../../generated/prisma/client.js';
import type { Transaction } from '../../postgres/transaction.js';
import { jsonColumns } from '../json-columns.js';
import type { NewTask, TaskRow } from '../tasks/tasks.js';

export type PipelineRunRow = PipelineRun;

/** Inserts a run; its start time comes from the database clock. */
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

/** A task of a run. Its due date is computed from `dueInMs` by the database clock. */
export interface NewPipelineTask extends Omit<NewTask, 'status' | 'dueAt' | 'startsAt'> {
  readonly dueInMs: number | null;
  readonly pipelineRunId: string;
  readonly pipelineStepKey: string;
}

/**
 * Inserts all tasks of a run with one statement, numbered in the given order. Inserting 1,000 tasks takes as long as 30
 * single inserts.
 */
export async function insertPipelineTasks(
  tx: Transaction,
  tasks: readonly NewPipelineTask[],
): Promise<TaskRow[]> {
  const rows = tasks.map((task, place) => ({
    ...task,
    status: task.assigneeId === null ? 'INBOX' : 'ASSIGNED',
    pinned: task.assigneeId !== null,
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

/** Inserts open dependencies between new tasks. */
export async function insertPipelineDependencies(tx: Transaction, edges: readonly Edge[]): Promise<void> {
  await tx.query({
    name: 'insert_pipeline_dependencies',
    text: 'INSERT INTO task_dependencies (task_id, depends_on_id) SELECT * FROM unnest($1::text[], $2::text[])',
    values: [edges.map(({ from }) => from), edges.map(({ to }) => to)],
  });
}

/** The run's row without a lock; null if there is none. */
export async function findPipelineRun(tx: Transaction, id: string): Promise<PipelineRunRow | null> {
  return tx.one<PipelineRunRow>({
    name: 'find_pipeline_run',
    text: 'SELECT * FROM pipeline_runs WHERE id = $1',
    values: [id],
  });
}

/**
 * Locks the run. Call it last in a transaction, after tasks, task runs and agents are locked. It serializes the ends of
 * the run's tasks, so the last one sees all others.
 */
export async function lockPipelineRun(tx: Transaction, id: string): Promise<PipelineRunRow | null> {
  return tx.one<PipelineRunRow>({
    name: 'lock_pipeline_run',
    text: 'SELECT * FROM pipeline_runs WHERE id = $1 FOR NO KEY UPDATE',
    values: [id],
  });
}

/** Locks the open tasks of the run by number: dependencies first, in the order in which the end of a task locks them. */
export async function lockOpenTasksOfRun(tx: Transaction, runId: string): Promise<TaskRow[]> {
  return tx.query<TaskRow>({
    name: 'lock_open_tasks_of_run',
    text: `SELECT * FROM tasks WHERE pipeline_run_id = $1 AND status NOT IN ('DONE', 'FAILED', 'CANCELLED')
      ORDER BY number FOR NO KEY UPDATE`,
    values: [runId],
  });
}

/** Reads the facts that decide the run's status. Uses tasks_pipeline_step_key and the primary key of task_dependencies. */
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
          coalesce(bool_or(status IN ('IN_PROGRESS', 'INPUT_REQUIRED', 'REVIEW', 'REJECTED')
            OR (status IN ('INBOX', 'ASSIGNED') AND open_dependencies = 0)), false) AS is_active
        FROM tasks WHERE pipeline_run_id = $1) f`,
    values: [runId],
  });
  if (row === null) throw new Error('an aggregate returned no row');
  return row;
}

/** Writes the status of a locked run. A RUNNING status clears `cancelled_at` and `finished_at`. */
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
