import { toActor, type Viewer } from '../domain/actor.js';
import { checkFields } from '../domain/inputs.js';
import type { TokenUsage } from '../domain/token-usage.js';
import { findRun, type TaskRunRow } from '../store/runs.js';
import { findTask, type TaskRow } from '../store/tasks.js';
import { inTransaction, type Transaction } from '../store/transaction.js';
import { announceAgent } from './announce-agent.js';
import { findEarlier } from './idempotency.js';
import { lockNamedRun } from './live-run.js';
import { moveTask } from './move-task.js';
import { type TaskRef, toLookup, toTaskKey } from './refs.js';
import type { ServiceContext } from './service-context.js';

export interface CompleteTask {
  readonly runId?: string | null | undefined;
  readonly task?: TaskRef | null | undefined;
  readonly resolution: string;
  readonly usage?: TokenUsage | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

/**
 * Hands in the work of a live run. The task goes to REVIEW, or straight to DONE where its policy skips the review; it is
 * then marked as unreviewed.
 * @throws {LeaseLost} if the run has ended or was replaced; nothing is changed then.
 */
export async function completeTask(
  context: ServiceContext,
  viewer: Viewer,
  input: CompleteTask,
): Promise<TaskRow> {
  checkFields([
    ['resolution', 'resolution', input.resolution],
    ['tokens', 'usage.inputTokens', input.usage?.inputTokens],
    ['tokens', 'usage.outputTokens', input.usage?.outputTokens],
    ['costUsd', 'usage.costUsd', input.usage?.costUsd],
    ['idempotencyKey', 'idempotencyKey', input.idempotencyKey],
  ]);
  return inTransaction(context.database, async (tx) => {
    const { task, repeated } = await lockWork(tx, viewer, input);
    if (repeated) return task;
    const completed = await handIn(tx, viewer, task, input);
    const seen = typeof input.runId === 'string';
    if (task.assigneeId !== null)
      await announceAgent(context, tx, task.assigneeId, toActor(viewer), { seen });
    return completed;
  });
}

/**
 * The task to complete, locked; or, for the repeat of a call whose answer was lost, the task as it is now. The key stands
 * for the task, so it is looked up by whatever names the run or the task, before the lease is looked at.
 */
async function lockWork(
  tx: Transaction,
  viewer: Viewer,
  input: CompleteTask,
): Promise<{ readonly task: TaskRow; readonly repeated: boolean }> {
  const subject = await findSubject(tx, viewer, input);
  const earlier = subject === null ? null : await findEarlier(tx, viewer, 'completeTask', input, subject.id);
  const task = earlier === null ? null : await findTask(tx, { id: earlier });
  if (task !== null) return { task, repeated: true };
  const named = await lockNamedRun(tx, viewer, input, { verb: 'complete', to: 'REVIEW' });
  return { task: named.task, repeated: false };
}

/** The task that is meant; null if there is none, which `lockNamedRun` then refuses in its own words. */
async function findSubject(
  tx: Transaction,
  viewer: Viewer,
  input: CompleteTask,
): Promise<{ readonly id: string } | null> {
  if (typeof input.runId === 'string') {
    const run = await findRun(tx, toLookup(input.runId));
    return run === null || (viewer.agentId !== null && run.agentId !== viewer.agentId)
      ? null
      : { id: run.taskId };
  }
  const key = input.task ? toTaskKey(input.task) : null;
  return key === null ? null : findTask(tx, key);
}

async function handIn(tx: Transaction, viewer: Viewer, task: TaskRow, input: CompleteTask): Promise<TaskRow> {
  const actor = toActor(viewer);
  const skips = task.reviewPolicy === 'SKIP';
  const reviewRound = skips ? task.reviewRound : task.reviewRound + 1;
  const completed = await moveTask(tx, task, {
    to: skips ? 'DONE' : 'REVIEW',
    verb: 'complete',
    actor,
    event: 'task.completed',
    runEnd: { outcome: 'SUCCEEDED', facts: { output: input.resolution, ...usageFacts(input.usage) } },
    changes: { resolution: input.resolution, unreviewed: skips, dispatchAttempts: 0, reviewRound },
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

function usageFacts(usage: TokenUsage | null | undefined): Partial<TaskRunRow> {
  if (!usage) return {};
  return { inputTokens: usage.inputTokens, outputTokens: usage.outputTokens, costUsd: usage.costUsd ?? null };
}
