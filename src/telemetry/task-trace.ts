import { createHash } from 'node:crypto';
import {
  type Attributes,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { NewEvent } from '../domain/events/event-types.js';
import type { ChosenIds } from './preset-span-ids.js';

/** What is told of an event once it is appended. */
export type ToldEvent = Pick<
  NewEvent,
  'type' | 'taskId' | 'agentId' | 'runId' | 'reviewId' | 'payload' | 'since'
>;

/** What is told of a claim that got a task. */
export interface ToldClaim {
  readonly taskId: string;
  readonly runId: string;
  readonly agentId: string;
  readonly durationMs: number;
}

/**
 * The trace of a task's life: one for each task, with a span for its creation, each claim, each run and each review.
 * Trace and span ids are derived from the ids of task and run, so that every process finds the same trace again, however
 * long ago and wherever it began.
 */
export interface TaskTraces {
  /** Spans for what these events end, linked to what they were done in. Returns what that should be linked to. */
  tellEvents(events: readonly ToldEvent[], cause: Span | undefined): SpanContext[];
  tellClaim(claim: ToldClaim, cause: Span | undefined): SpanContext;
}

export function createTaskTraces(tracer: Tracer, ids: ChosenIds, now: () => number): TaskTraces {
  /** The span of the task itself. Asking for it again gives the same place, and whether the trace is sampled. */
  function findTask(taskId: string, cause?: Span): Span {
    const digest = digestOf(taskId);
    ids.choose({ traceId: digest.slice(0, 32), spanId: digest.slice(32, 48) });
    const attributes = { 'mission_control.task.id': taskId };
    return tracer.startSpan('task', { root: true, attributes, links: linksTo(cause) }, ROOT_CONTEXT);
  }

  function tellPart(
    part: { name: string; id: string; taskId: string; since: Date | number | null | undefined },
    attributes: Attributes,
    cause: Span | undefined,
  ): SpanContext {
    const context = trace.setSpan(ROOT_CONTEXT, findTask(part.taskId));
    const endTime = now();
    // Begun by the database's clock, ended by this one: they need not agree.
    const startTime = Math.min(Number(part.since ?? endTime), endTime);
    ids.choose({ spanId: spanIdOf(part.id) });
    const options = {
      startTime,
      kind: SpanKind.CONSUMER,
      links: linksTo(cause),
      attributes: { 'mission_control.task.id': part.taskId, ...attributes },
    };
    const span = tracer.startSpan(part.name, options, context);
    span.end(endTime);
    return span.spanContext();
  }

  function tellEvent(
    event: ToldEvent,
    all: readonly ToldEvent[],
    cause: Span | undefined,
  ): SpanContext | null {
    const { type, taskId, runId, agentId, reviewId, since, payload } = event;
    if (taskId === undefined) return null;
    if (type === 'task.created') {
      const span = findTask(taskId, cause);
      span.end();
      return span.spanContext();
    }
    if (type.startsWith('run.') && since && runId) {
      const attributes = {
        'mission_control.outcome': type.slice('run.'.length),
        ...aboutRun(runId, agentId),
      };
      return tellPart({ name: 'run', id: runId, taskId, since }, attributes, cause);
    }
    if (type === 'review.submitted' && reviewId) {
      const verdict = all.find((one) => one.taskId === taskId && isVerdict(one))?.type.slice('task.'.length);
      const attributes = {
        'mission_control.round': payload?.round,
        'mission_control.verdict': verdict ?? 'superseded',
      };
      return tellPart({ name: 'review', id: reviewId, taskId, since }, attributes, cause);
    }
    return null;
  }

  return {
    tellEvents: (events, cause) => events.flatMap((event) => tellEvent(event, events, cause) ?? []),
    tellClaim({ taskId, runId, agentId, durationMs }, cause) {
      const since = now() - durationMs;
      const claim = { name: 'claim', id: `claim of ${runId}`, taskId, since };
      tellPart(claim, aboutRun(runId, agentId), cause);
      return { ...findTask(taskId).spanContext(), spanId: spanIdOf(runId) };
    },
  };
}

function isVerdict({ type }: ToldEvent): boolean {
  return type === 'task.approved' || type === 'task.rejected';
}

function aboutRun(runId: string, agentId: string | null | undefined): Attributes {
  return {
    'mission_control.run.id': runId,
    ...(agentId ? { 'mission_control.agent.id': agentId } : {}),
  };
}

function linksTo(cause: Span | undefined) {
  return cause === undefined ? [] : [{ context: cause.spanContext() }];
}

function spanIdOf(id: string): string {
  return digestOf(id).slice(0, 16);
}

function digestOf(id: string): string {
  return createHash('sha256').update(id).digest('hex');
}
