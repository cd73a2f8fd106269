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
import type { PresetIds } from './preset-span-ids.js';

/** The part of an appended event that a trace shows. */
export type TracedEvent = Pick<
  NewEvent,
  'type' | 'taskId' | 'agentId' | 'runId' | 'reviewId' | 'payload' | 'since'
>;

/** A claim that got a task. */
export interface TracedClaim {
  readonly taskId: string;
  readonly runId: string;
  readonly agentId: string;
  readonly durationMs: number;
}

/**
 * The traces of tasks: one trace per task, with a span for its creation, each claim, each run and each review. Trace
 * and span ids derive from the ids of the task and the run, so every process adds to the same trace at any later time.
 */
export interface TaskTraces {
  /**
   * Creates spans for the creation, runs and reviews that these events complete.
   *
   * @param cause - the active span, such as a request. Each new span is linked to it.
   * @returns the new spans, for links in the other direction.
   */
  traceEvents(events: readonly TracedEvent[], cause: Span | undefined): SpanContext[];
  /** Creates the span of a claim, linked to `cause`. Returns the span of the run that the claim started. */
  traceClaim(claim: TracedClaim, cause: Span | undefined): SpanContext;
}

/** Creates the traces of tasks. `now` is the process's clock in milliseconds since the Unix epoch. */
export function createTaskTraces(tracer: Tracer, ids: PresetIds, now: () => number): TaskTraces {
  /** Starts the span of the task. A repeated call yields the same ids and tells whether the trace is sampled. */
  function findTask(taskId: string, cause?: Span): Span {
    const digest = digestOf(taskId);
    ids.preset({ traceId: digest.slice(0, 32), spanId: digest.slice(32, 48) });
    const attributes = { 'mission_control.task.id': taskId };
    return tracer.startSpan('task', { root: true, attributes, links: linksTo(cause) }, ROOT_CONTEXT);
  }

  function tracePart(
    part: { name: string; id: string; taskId: string; since: Date | number | null | undefined },
    attributes: Attributes,
    cause: Span | undefined,
  ): SpanContext {
    const context = trace.setSpan(ROOT_CONTEXT, findTask(part.taskId));
    const endTime = now();
    // The start is from the database's clock and the end from this process's clock. They may differ.
    const startTime = Math.min(Number(part.since ?? endTime), endTime);
    ids.preset({ spanId: spanIdOf(part.id) });
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

  function traceEvent(
    event: TracedEvent,
    all: readonly TracedEvent[],
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
      return tracePart({ name: 'run', id: runId, taskId, since }, attributes, cause);
    }
    if (type === 'review.submitted' && reviewId) {
      const verdict = all.find((one) => one.taskId === taskId && isVerdict(one))?.type.slice('task.'.length);
      const attributes = {
        'mission_control.round': payload?.round,
        'mission_control.verdict': verdict ?? 'superseded',
      };
      return tracePart({ name: 'review', id: reviewId, taskId, since }, attributes, cause);
    }
    return null;
  }

  return {
    traceEvents: (events, cause) => events.flatMap((event) => traceEvent(event, events, cause) ?? []),
    traceClaim({ taskId, runId, agentId, durationMs }, cause) {
      const since = now() - durationMs;
      const claim = { name: 'claim', id: `claim of ${runId}`, taskId, since };
      tracePart(claim, aboutRun(runId, agentId), cause);
      return { ...findTask(taskId).spanContext(), spanId: spanIdOf(runId) };
    },
  };
}

function isVerdict({ type }: TracedEvent): boolean {
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
