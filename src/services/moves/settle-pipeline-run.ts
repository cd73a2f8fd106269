import { SYSTEM } from '../../domain/actor.js';
import { decidePipelineRun } from '../../domain/pipelines/pipeline-run.js';
import type { Transaction } from '../../postgres/transaction.js';
import {
  lockPipelineRun,
  readPipelineRunFacts,
  writePipelineRunStatus,
} from '../../store/pipelines/pipeline-runs.js';

/**
 * Makes sure that the run of a task that ended, came back, or waits for others than before says what its tasks come to;
 * once, at the end of the transaction. Nothing happens for a task that belongs to no run.
 */
export function settlePipelineRunLater(
  tx: Transaction,
  { pipelineRunId }: { readonly pipelineRunId: string | null },
): void {
  if (pipelineRunId !== null) tx.atEnd(pipelineRunId, () => settlePipelineRun(tx, pipelineRunId, false));
}

/** The same for a run that is called off: if it was still going on, it ends as CANCELLED, whatever its tasks came to before. */
export function cancelPipelineRunLater(tx: Transaction, pipelineRunId: string): void {
  tx.atEnd(pipelineRunId, () => settlePipelineRun(tx, pipelineRunId, true));
}

/**
 * The lock lets the ends of two tasks come one after the other, so that the second sees the first: the last end finishes
 * the run, exactly once.
 */
async function settlePipelineRun(tx: Transaction, id: string, isCalledOff: boolean): Promise<void> {
  const run = await lockPipelineRun(tx, id);
  if (run === null) throw new Error(`tasks belong to pipeline run ${id}, which does not exist`);
  const isCancelled = run.cancelledAt !== null || (isCalledOff && run.status === 'RUNNING');
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
