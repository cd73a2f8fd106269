import { SYSTEM } from '../../domain/actor.js';
import { decidePipelineRun } from '../../domain/pipelines/pipeline-run.js';
import type { Transaction } from '../../postgres/transaction.js';
import {
  lockPipelineRun,
  readPipelineRunFacts,
  writePipelineRunStatus,
} from '../../store/pipelines/pipeline-runs.js';

/**
 * Updates the status of the pipeline run of a task that ended, was retried or got other dependencies, once at the end of
 * the transaction. Does nothing for a task that belongs to no pipeline run.
 */
export function settlePipelineRunLater(
  tx: Transaction,
  { pipelineRunId }: { readonly pipelineRunId: string | null },
): void {
  if (pipelineRunId !== null) tx.atEnd(pipelineRunId, () => settlePipelineRun(tx, pipelineRunId, false));
}

/** Updates the status of a cancelled pipeline run: if it was RUNNING, it ends as CANCELLED regardless of its tasks. */
export function cancelPipelineRunLater(tx: Transaction, pipelineRunId: string): void {
  tx.atEnd(pipelineRunId, () => settlePipelineRun(tx, pipelineRunId, true));
}

/**
 * The lock serializes the ends of two tasks, so the second transaction sees the first end, and the last end finishes the
 * run exactly once.
 */
async function settlePipelineRun(tx: Transaction, id: string, isCancelRequested: boolean): Promise<void> {
  const run = await lockPipelineRun(tx, id);
  if (run === null) throw new Error(`tasks belong to pipeline run ${id}, which does not exist`);
  const isCancelled = run.cancelledAt !== null || (isCancelRequested && run.status === 'RUNNING');
  const status = decidePipelineRun({ ...(await readPipelineRunFacts(tx, id)), isCancelled });
  if (status === run.status) return;
  await writePipelineRunStatus(tx, id, status, isCancelled);
  tx.emit({
    type: status === 'RUNNING' ? 'pipeline.resumed' : 'pipeline.finished',
    actor: SYSTEM,
    pipelineRunId: id,
    payload: { from: run.status, to: status },
  });
}
