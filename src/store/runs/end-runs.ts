import { toActor } from '../../domain/actor.js';
import type { EventType, NewEvent } from '../../domain/events/event-types.js';
import type { FailureDecision } from '../../domain/runs/attempt-failure.js';
import { type Sql, sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import { type Columns, columnsForAll, rowOf, shapeOf } from '../lists/row-shape.js';
import type { TaskRow } from '../tasks/tasks.js';
import type { TaskRunRow } from './runs.js';

/** A call of a run's holder that ends the run. */
export interface EndRunCall {
  readonly runId: string;
  /** The key of the call. */
  readonly keyId: string;
  /** The agent that must hold the run; null for an operator, who may end any. */
  readonly agentId: string | null;
  readonly verb: 'complete' | 'fail' | 'release';
  /** The resolution, the error, or the reason of the release. */
  readonly note: string | null;
  /** The reason in the event of the task. */
  readonly reason: string | null;
  readonly usage: Partial<Pick<TaskRunRow, 'inputTokens' | 'outputTokens' | 'costUsd' | 'model'>>;
  /** For a failed attempt: what it decides, by the number of failed attempts before it, from 0. */
  readonly decisions: readonly AttemptDecision[] | null;
  /** Whether the task goes to the inbox even if it is pinned. */
  readonly passes: boolean;
  /** The id for the comment of a failed attempt. */
  readonly commentId: string | null;
  readonly idempotencyKey: string | null;
  /** The hash of the input, to detect a reused key. */
  readonly fingerprint: string | null;
  /** The columns to read of the task. */
  readonly columns: Columns<TaskRow>;
}

/** What a failed attempt decides, and how long its task then rests in the inbox. */
export type AttemptDecision = FailureDecision & { readonly waitMs: number };

/** The task of a run that was ended, and what its traces need. */
export interface EndedRun {
  readonly task: TaskRow;
  /** The new status of the task. */
  readonly to: TaskRow['status'];
  readonly agentId: string;
  readonly startedAt: Date;
}

/**
 * Ends many runs in one round trip, with the database function `end_runs`. Null for a call that it has left alone: then
 * nothing has changed for it, and it needs a transaction of its own. The statement is a transaction of its own, so a process
 * that dies here holds no lock. Reads task_runs, tasks and agents by their keys.
 */
export async function endRuns(
  executor: Executor,
  calls: readonly EndRunCall[],
): Promise<(EndedRun | null)[]> {
  const task = shapeOf<TaskRow>('Task', columnsForAll(calls.map(({ columns }) => columns)));
  const rows = await query<Omit<EndedRun, 'task'> & { readonly request: number; readonly task: unknown }>(
    executor,
    toStatement(
      sql`SELECT e.request, ${rowOf(task, sql`SELECT (e.ended_task).*`)} AS task, (e.ended_task).status AS to,
          e.agent_id, e.started_at
        FROM end_runs(${endArguments(calls)}) e`,
      'claim',
    ),
  );
  const ended = new Map(rows.map(({ request, ...row }) => [request, { ...row, task: task.parse(row.task) }]));
  return calls.map((_, i) => ended.get(i) ?? null);
}

/** SQL: the arguments of `end_runs`. */
export function endArguments(calls: readonly EndRunCall[]): Sql {
  return sql`${calls.map(({ runId }) => runId)}::text[], ${JSON.stringify(calls.map(toCall))}::jsonb`;
}

/** The events that `end_runs` has appended for a call, except those of the agent. */
export function listEventsOfEnd({ runId, verb, ...call }: EndRunCall, ended: EndedRun): NewEvent[] {
  const { to, agentId, startedAt: since, task } = ended;
  const actor = toActor(call);
  const about = { actor, taskId: task.id, agentId, runId };
  const types: (EventType | false)[] = [
    verb === 'complete' ? 'task.completed' : to === 'FAILED' ? 'task.failed' : 'task.requeued',
    to === 'REVIEW' && 'review.requested',
    to === 'INBOX' && 'task.assigned',
    verb === 'fail' && 'task.comment_added',
  ];
  const ofTask = types.filter((type) => type !== false).map((type) => ({ type, ...about }));
  return [{ type: EVENTS[verb], since, ...about }, ...ofTask];
}

const EVENTS = { complete: 'run.succeeded', fail: 'run.failed', release: 'run.released' } as const;

const OUTCOMES = { complete: 'SUCCEEDED', fail: 'FAILED', release: 'RELEASED' } as const;

/** The object that the function reads; fields that are left out are null. */
function toCall({ usage, decisions, columns, ...call }: EndRunCall, place: number) {
  return {
    place,
    run_id: call.runId,
    key_id: call.keyId,
    holder_id: call.agentId,
    actor_key_id: toActor(call).keyId,
    actor_agent_id: toActor(call).agentId,
    verb: call.verb,
    outcome: OUTCOMES[call.verb],
    note: call.note,
    reason: call.reason,
    decisions: decisions?.map(toDecision),
    passes: call.passes,
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    cost_usd: usage.costUsd,
    model: usage.model,
    comment_id: call.commentId,
    idempotency_key: call.idempotencyKey,
    fingerprint: call.fingerprint,
  };
}

function toDecision(decision: AttemptDecision) {
  const isFinal = decision.to === 'FAILED';
  return {
    is_final: isFinal,
    attempts: decision.attempts,
    failure_reason: isFinal ? decision.reason : null,
    wait_ms: decision.waitMs,
  };
}
