import type { Actor } from '../../domain/actor.js';
import type { TokenUsage } from '../../domain/runs/token-usage.js';
import type { Transaction } from '../../postgres/transaction.js';
import type { TaskRunRow } from '../../store/runs/runs.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import { moveTask } from '../moves/move-task.js';

/** The submitted result of a run. */
export interface RunResult {
  readonly resolution: string;
  readonly usage?: TokenUsage | null | undefined;
  /** Whether the run's holder submits it. */
  readonly byHolder: boolean;
  /** Other columns of the run. */
  readonly facts?: Partial<TaskRunRow>;
}

/** Ends the live run with its result. The task moves to REVIEW, or to DONE if its policy skips the review. */
export async function finishRun(
  tx: Transaction,
  actor: Actor,
  task: TaskRow,
  { resolution, usage, facts, byHolder }: RunResult,
): Promise<TaskRow> {
  const skips = task.reviewPolicy === 'SKIP';
  const reviewRound = skips ? task.reviewRound : task.reviewRound + 1;
  const completed = await moveTask(tx, task, {
    to: skips ? 'DONE' : 'REVIEW',
    verb: 'complete',
    actor,
    event: 'task.completed',
    runEnd: {
      outcome: 'SUCCEEDED',
      facts: { ...facts, output: resolution, ...usageFacts(usage) },
      byHolder,
    },
    changes: { resolution, unreviewed: skips, dispatchAttempts: 0, reviewRound, releasedBy: [] },
  });
  if (!skips) {
    tx.emit({
      type: 'review.requested',
      actor,
      taskId: task.id,
      agentId: task.assigneeId,
      payload: { round: reviewRound },
    });
  }
  return completed;
}

/** The usage columns of a run; none without usage. */
export function usageFacts(usage: TokenUsage | null | undefined): Partial<TaskRunRow> {
  if (!usage) return {};
  const { inputTokens, outputTokens, costUsd, model } = usage;
  return { inputTokens, outputTokens, costUsd: costUsd ?? null, ...(model && { model }) };
}
