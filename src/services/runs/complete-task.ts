import { toActor, type Viewer } from '../../domain/actor.js';
import { findMistakes, refuse } from '../../domain/inputs.js';
import type { Refusal } from '../../domain/refusals.js';
import type { TokenUsage } from '../../domain/runs/token-usage.js';
import type { Place } from '../../kernel/fair-queue.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import type { Columns } from '../../store/lists/row-shape.js';
import { findRun } from '../../store/runs/runs.js';
import { insertFollowUps, listFollowUps } from '../../store/tasks/follow-ups.js';
import { findTask, lockTask, type TaskRow } from '../../store/tasks/tasks.js';
import { announceStatus } from '../agents/announce-status.js';
import { findEarlier, fingerprintOf } from '../idempotency.js';
import { withinTaskQuota } from '../quotas.js';
import { type TaskRef, toLookup, toTaskKey } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { type CreateTask, checkNewTasks, createTasksIn } from '../tasks/create-task.js';
import { endRunInBatch, type NextClaim } from './end-run-batch.js';
import { finishRun, usageFacts } from './finish-run.js';
import { lockNamedRun } from './lock-run.js';

export interface CompleteTask {
  readonly runId?: string | null | undefined;
  readonly task?: TaskRef | null | undefined;
  readonly resolution: string;
  readonly usage?: TokenUsage | null | undefined;
  /** Tasks to create in the same transaction. */
  readonly followUps?: readonly CreateTask[] | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

/** A completed task with its follow-up tasks. */
export type CompletedTask = TaskRow & { readonly followUps: readonly TaskRow[] };

/**
 * Submits the result of a live run. The task moves to REVIEW, or to DONE and is marked as unreviewed if its policy skips
 * the review. Follow-up tasks are created in the same transaction; one that depends on the task waits until it is DONE.
 * The same call with the same run and resolution changes nothing and answers again, with the follow-ups of the first.
 * Reads at least the given columns of the task. `next` is the claim that the same request makes next: it is made in the same
 * transaction if the call needs no transaction of its own. `place` is that of the operation among those of its key.
 * @throws {LeaseLost} if the run has ended or was replaced; nothing has changed then.
 */
export async function completeTask(
  context: ServiceContext,
  viewer: Viewer,
  input: CompleteTask,
  columns: Columns<TaskRow> = '*',
  next: NextClaim | null = null,
  place?: Place,
): Promise<CompletedTask> {
  const followUps = input.followUps ?? [];
  checkNewTasks(followUps, { path: ['followUps'], least: 0, field: 'followUps' });
  refuse(findInputMistakes(input));
  const ended = await completeInBatch(context, viewer, input, { columns, next, place });
  if (ended !== null) return { ...ended, followUps: [] };
  const complete = async (tx: Transaction): Promise<CompletedTask> => {
    const { task, runId, repeated } = await lockWork(tx, viewer, input);
    if (repeated) return { ...task, followUps: await listFollowUps(tx, runId) };
    const seen = typeof input.runId === 'string';
    const completed = await finishRun(tx, toActor(viewer), task, { ...input, byHolder: seen });
    const created = await createTasksIn(context, tx, viewer, followUps, ['followUps']);
    const ids = created.map(({ id }) => id);
    if (ids.length > 0) await insertFollowUps(tx, runId, ids);
    if (task.assigneeId !== null)
      await announceStatus(context, tx, task.assigneeId, toActor(viewer), { seen });
    return { ...completed, followUps: created };
  };
  return withinTaskQuota(context, viewer, (take) => {
    take(followUps.length);
    return inTransaction(context.database, complete);
  });
}

/** Most calls: they name their run and create no tasks. Null if the call needs a transaction of its own. */
async function completeInBatch(
  context: ServiceContext,
  viewer: Viewer,
  input: CompleteTask,
  { columns, next, place }: { columns: Columns<TaskRow>; next: NextClaim | null; place: Place | undefined },
): Promise<TaskRow | null> {
  if (input.task || input.followUps?.length) return null;
  const idempotencyKey = input.idempotencyKey ?? null;
  const ending = {
    verb: 'complete',
    note: input.resolution,
    usage: usageFacts(input.usage),
    idempotencyKey,
    fingerprint: idempotencyKey === null ? null : fingerprintOf(input),
    columns,
  } as const;
  return endRunInBatch(context, viewer, input.runId, ending, next, place);
}

function findInputMistakes(input: CompleteTask): Refusal[] {
  return [
    ...findMistakes(input, ['resolution']),
    ...findMistakes(
      input.usage,
      [['inputTokens', 'tokens'], ['outputTokens', 'tokens'], 'costUsd', ['model', 'settingText']],
      ['usage'],
    ),
    ...findMistakes(input, ['idempotencyKey']),
  ];
}

interface Work {
  readonly task: TaskRow;
  readonly runId: string;
  readonly repeated: boolean;
}

/**
 * The locked task to complete; or the current task for a repeated request with the same idempotency key. The key refers to
 * the run, which is looked up by its id or its task before the lease is checked.
 */
async function lockWork(tx: Transaction, viewer: Viewer, input: CompleteTask): Promise<Work> {
  const subject = await findSubject(tx, viewer, input);
  const earlier = subject === null ? null : await findEarlier(tx, viewer, 'completeTask', input, subject);
  const run = earlier === null ? null : await findRun(tx, earlier);
  const task = run === null ? null : await findTask(tx, { id: run.taskId });
  if (run !== null && task !== null) return { task, runId: run.id, repeated: true };
  const ending = { outcome: 'SUCCEEDED', output: input.resolution } as const;
  const named = await lockNamedRun(tx, viewer, input, { verb: 'complete', to: 'REVIEW', ending });
  return { task: named.task, runId: named.runId, repeated: named.isRepeat };
}

/**
 * The id of the run of the request; null if there is none, which `lockNamedRun` then refuses. The task is locked here: one
 * that an operator gives, so that its run cannot change before it is completed; that of a run, so that no transaction
 * waits for it while it holds an idempotency key for which `end_runs` would wait.
 */
async function findSubject(tx: Transaction, viewer: Viewer, input: CompleteTask): Promise<string | null> {
  if (typeof input.runId === 'string') {
    const run = await findRun(tx, toLookup(input.runId));
    if (run === null || (viewer.agentId !== null && run.agentId !== viewer.agentId)) return null;
    if (input.idempotencyKey) await lockTask(tx, { id: run.taskId });
    return run.id;
  }
  const key = input.task ? toTaskKey(input.task) : null;
  const task = key === null ? null : await lockTask(tx, key);
  // A task without a live run uses its own id: a new key is rolled back with the refusal, a repeated key finds no run.
  return task === null ? null : (task.currentRunId ?? task.id);
}
