import { toActor, type Viewer } from '../../domain/actor.js';
import { checkFields } from '../../domain/inputs.js';
import { LeaseLost } from '../../domain/refusals.js';
import { inTransaction } from '../../postgres/transaction.js';
import { renewRunLease, type TaskRunRow, writeProgress } from '../../store/runs/runs.js';
import { announceStatus } from '../agents/announce-status.js';
import type { ServiceContext } from '../service-context.js';
import { lockLiveRun } from './lock-run.js';

/**
 * Renews the lease of a live run from now on, with the given length or the previous one.
 * @throws {LeaseLost} if the run has ended or was replaced.
 */
export async function renewLease(
  context: ServiceContext,
  viewer: Viewer,
  input: { readonly runId: string; readonly lease?: number | null | undefined },
): Promise<TaskRunRow> {
  checkFields(input, ['lease']);
  return inTransaction(context.database, async (tx) => {
    const { run } = await lockLiveRun(tx, viewer, input.runId);
    const renewed = await renewRunLease(tx, run.id, input.lease ?? null);
    if (renewed === null) throw new LeaseLost(run.id);
    await announceStatus(context, tx, run.agentId, toActor(viewer), { seen: true });
    return renewed;
  });
}

/**
 * Stores the progress that the agent reports and appends `run.progress`. Does not extend the lease.
 * @throws {LeaseLost} if the run has ended or was replaced.
 */
export async function reportProgress(
  context: ServiceContext,
  viewer: Viewer,
  input: { readonly runId: string; readonly message: string; readonly percent?: number | null | undefined },
): Promise<TaskRunRow> {
  checkFields(input, ['message', 'percent']);
  return inTransaction(context.database, async (tx) => {
    const { run, task } = await lockLiveRun(tx, viewer, input.runId);
    const written = await writeProgress(tx, run.id, input.message, input.percent ?? null);
    if (written === null) throw new LeaseLost(run.id);
    const percent = typeof input.percent === 'number' ? { percent: input.percent } : {};
    tx.emit({
      type: 'run.progress',
      actor: toActor(viewer),
      taskId: task.id,
      agentId: run.agentId,
      runId: run.id,
      payload: { message: input.message, ...percent },
    });
    await announceStatus(context, tx, run.agentId, toActor(viewer), { seen: true });
    return written;
  });
}
