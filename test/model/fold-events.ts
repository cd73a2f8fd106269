import type { Row } from '../support/postgres/sql.js';

/** The state of a task according to the log alone. */
export interface FoldedTask {
  readonly status: unknown;
  readonly assigneeId: unknown;
  readonly comments: number;
  /** The open run, according to the events of its start and its end. */
  readonly runId: unknown;
}

/** What of a row of `events` is folded, as PostgreSQL names its columns. */
export interface FoldableEvent {
  readonly type: string;
  readonly agent_id: string | null;
  readonly run_id: string | null;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** A row of `events`. */
export type EventRow = Row & FoldableEvent;

/**
 * Computes the state of a task from its events, in the order of their positions. Throws for a gap: each status change must begin in the
 * status in which the previous one ended.
 */
export function foldEvents(events: readonly FoldableEvent[]): FoldedTask {
  return events.reduce(addEvent, { status: undefined, assigneeId: null, comments: 0, runId: null });
}

function addEvent(task: FoldedTask, { type, agent_id, run_id, payload }: FoldableEvent): FoldedTask {
  if (type === 'task.assigned') return { ...task, assigneeId: payload.assigneeId };
  if (type === 'task.comment_added') return { ...task, comments: task.comments + 1 };
  if (type === 'run.started') return { ...task, runId: run_id };
  if (type.startsWith('run.') && type !== 'run.progress') {
    if (task.runId !== run_id) throw new Error(`${type} of ${run_id} while ${task.runId} was open`);
    return { ...task, runId: null };
  }
  if (!('to' in payload)) return task;
  if (payload.from !== task.status)
    throw new Error(`${type} begins in ${payload.from}, not in ${task.status}`);
  const assigneeId = type === 'task.claimed' ? agent_id : task.assigneeId;
  return { ...task, status: payload.to, assigneeId };
}
