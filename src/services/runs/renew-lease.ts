import { toActor, type Viewer } from '../../domain/actor.js';
import type { NewEvent } from '../../domain/events/event-types.js';
import { checkFields } from '../../domain/inputs.js';
import { LeaseLost } from '../../domain/refusals.js';
import { askOrNull } from '../../postgres/batch-queue.js';
import { inTransaction, noteCommit } from '../../postgres/transaction.js';
import type { Columns } from '../../store/lists/row-shape.js';
import type { TaskRunRow } from '../../store/runs/runs.js';
import {
  lockForUpdate,
  type RunUpdate,
  type UpdatedRun,
  type UpdateRequest,
  updateRuns,
} from '../../store/runs/update-runs.js';
import { toLookup } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { lockLiveRun } from './lock-run.js';

/**
 * Renews the lease of a live run from now on, with the given length or the previous one. Reads the given columns, or all.
 * @throws {LeaseLost} if the run has ended or was replaced.
 */
export async function renewLease(
  context: ServiceContext,
  viewer: Viewer,
  input: { readonly runId: string; readonly lease?: number | null | undefined },
  columns: Columns<TaskRunRow> = '*',
): Promise<TaskRunRow> {
  checkFields(input, ['lease']);
  const update = { runId: input.runId, message: null, percent: null, leaseMs: input.lease ?? null };
  return updateRun(context, viewer, update, columns);
}

/**
 * Stores the progress that the agent reports and appends `run.progress`. Does not extend the lease. Reads the given columns, or
 * all.
 * @throws {LeaseLost} if the run has ended or was replaced.
 */
export async function reportProgress(
  context: ServiceContext,
  viewer: Viewer,
  input: { readonly runId: string; readonly message: string; readonly percent?: number | null | undefined },
  columns: Columns<TaskRunRow> = '*',
): Promise<TaskRunRow> {
  checkFields(input, ['message', 'percent']);
  const { runId, message, percent } = input;
  return updateRun(context, viewer, { runId, message, percent: percent ?? null, leaseMs: null }, columns);
}

async function updateRun(
  context: ServiceContext,
  viewer: Viewer,
  input: Pick<RunUpdate, 'runId' | 'message' | 'percent' | 'leaseMs'>,
  columns: Columns<TaskRunRow>,
): Promise<TaskRunRow> {
  const { keyId, agentId } = viewer;
  const { agentTimeoutMs } = context.settings;
  const request: UpdateRequest = {
    update: { ...input, runId: toLookup(input.runId), keyId, agentId, agentTimeoutMs },
    columns: columns === '*' ? columns : [...columns, 'taskId', 'agentId'],
  };
  const updated =
    (await askOrNull(context.batches.runUpdates, request)) ?? (await updateAlone(context, viewer, request));
  noteUpdate(context, viewer, input, updated);
  return updated.run;
}

/** Waits for the transactions that hold the run, and finds out what to refuse. */
function updateAlone(
  { database }: ServiceContext,
  viewer: Viewer,
  { update, columns }: UpdateRequest,
): Promise<UpdatedRun> {
  return inTransaction(database, async (tx) => {
    const { run } = await lockLiveRun(tx, viewer, update.runId);
    await lockForUpdate(tx, run);
    const [updated] = await updateRuns(tx.executor, [update], columns);
    if (!updated) throw new LeaseLost(run.id);
    return updated;
  });
}

function noteUpdate(
  { database }: ServiceContext,
  viewer: Viewer,
  { message }: Pick<RunUpdate, 'message'>,
  { run: { id: runId, taskId, agentId }, hasNewStatus }: UpdatedRun,
): void {
  const about = { actor: toActor(viewer), agentId };
  const events: NewEvent[] = [];
  if (message !== null) events.push({ ...about, type: 'run.progress', taskId, runId });
  if (hasNewStatus) events.push({ ...about, type: 'agent.status_changed' });
  if (events.length > 0) noteCommit(database, events);
}
