import type { Actor } from '../../domain/actor.js';
import type { EventType } from '../../domain/events/event-types.js';
import type { Transaction } from '../../postgres/transaction.js';
import { closeRun, type RunEnd, type TaskRunRow } from '../../store/runs/runs.js';

const EVENT_OF_END: Record<RunEnd, EventType> = {
  SUCCEEDED: 'run.succeeded',
  FAILED: 'run.failed',
  TIMED_OUT: 'run.timed_out',
  RELEASED: 'run.released',
  REQUEUED: 'run.requeued',
  CANCELLED: 'run.cancelled',
  SUSPENDED: 'run.suspended',
};

/** Ends a live run and appends its event. Returns null if it had already ended. The caller holds the task's row lock. */
export async function endRun(
  tx: Transaction,
  actor: Actor,
  runId: string,
  outcome: RunEnd,
  facts: Partial<TaskRunRow> = {},
): Promise<TaskRunRow | null> {
  const run = await closeRun(tx, runId, outcome, facts);
  if (run === null) return null;
  const { taskId, agentId, startedAt: since } = run;
  tx.emit({ type: EVENT_OF_END[outcome], actor, taskId, agentId, runId: run.id, since });
  return run;
}
