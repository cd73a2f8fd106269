import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Attributes,
  type Context,
  defaultTextMapGetter,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { readTimeOfDay } from '../kernel/clock.js';
import type { Activity, Instrument, Signal } from '../kernel/instrument.js';
import { waitAtMost } from '../kernel/with-deadline.js';
import { createPresetIds } from './preset-span-ids.js';
import { createSpanProvider, type ExportOptions } from './span-export.js';
import { createTaskTraces, type TaskTraces, type TracedClaim, type TracedEvent } from './task-trace.js';

/** The time limit, in milliseconds, to send the last spans at a stop. */
const FLUSH_MS = 3_000;

/** The maximum number of links that one signal adds to a span. More would not help a reader. */
const MAX_LINKS = 32;

/** Monitoring requests these paths every few seconds. Their spans would hide the others. */
const UNTRACED_PATHS = ['/healthz', '/readyz', '/metrics'];

/**
 * Creates spans of requests, operations and job runs, and links them with the traces of tasks. Returns the function
 * that sends the remaining spans and stops, in bounded time.
 */
export function createTraces(options: ExportOptions, instrument: Instrument): () => Promise<void> {
  const ids = createPresetIds();
  const provider = createSpanProvider(options, ids, instrument);
  const tracer = provider.getTracer('mission-control', options.version);
  const active = new AsyncLocalStorage<Span | undefined>();
  const tasks = createTaskTraces(tracer, ids, readTimeOfDay);
  const unlisten = instrument.listen((signal) => traceTasks(tasks, signal, active.getStore()));
  const unfollow = instrument.follow(async (activity, work) => {
    const span = beginSpan(tracer, activity, active.getStore());
    if (span === undefined) return active.run(undefined, work);
    try {
      const result = await active.run(span, work);
      endSpan(span, activity);
      return result;
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      span.setAttribute('error.type', error instanceof Error ? error.name : 'unknown');
      endSpan(span, activity);
      throw error;
    }
  });
  return async () => {
    unfollow();
    unlisten();
    await waitAtMost(
      FLUSH_MS,
      provider.shutdown().catch(() => undefined),
    );
  };
}

function beginSpan(tracer: Tracer, { name, facts }: Activity, parent: Span | undefined): Span | undefined {
  if (name === 'http.request') return beginRequest(tracer, facts);
  const context = parent === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, parent);
  if (name === 'graphql.operation') {
    const attributes = definedOnly({
      'graphql.operation.type': facts.operation,
      'graphql.operation.name': typeof facts.name === 'string' ? facts.name.slice(0, 80) : undefined,
    });
    return tracer.startSpan(String(facts.operation), { attributes }, context);
  }
  const attributes = definedOnly({ 'mission_control.job': facts.job });
  return tracer.startSpan(name === 'job.run' ? `job ${String(facts.job)}` : name, { attributes }, context);
}

const propagator = new W3CTraceContextPropagator();

function beginRequest(tracer: Tracer, facts: Signal['facts']): Span | undefined {
  const { method, path, requestId, traceparent, tracestate } = facts;
  if (UNTRACED_PATHS.includes(String(path))) return undefined;
  const carrier = definedOnly({ traceparent, tracestate });
  const context: Context = propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter);
  const attributes = definedOnly({
    'http.request.method': method,
    'url.path': path,
    'mission_control.request.id': requestId,
  });
  return tracer.startSpan(String(method), { kind: SpanKind.SERVER, attributes }, context);
}

/** Ends the span. A span without an end is never sent, so job runs that changed nothing leave no span. */
function endSpan(span: Span, { name, facts, outcome }: Activity): void {
  const { status, route, handled } = outcome?.() ?? {};
  if (name === 'job.run' && handled === 0 && !isFailed(span)) return;
  span.setAttributes(
    definedOnly({
      'http.response.status_code': status,
      'http.route': route,
      'mission_control.handled': handled,
    }),
  );
  if (typeof route === 'string') span.updateName(`${String(facts.method)} ${route}`);
  if (Number(status) >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

function isFailed(span: Span): boolean {
  return 'status' in span && (span.status as { code: SpanStatusCode }).code === SpanStatusCode.ERROR;
}

function traceTasks(tasks: TaskTraces, { name, facts }: Signal, cause: Span | undefined): void {
  if (name === 'events.appended') {
    const contexts = tasks.traceEvents(facts.events as readonly TracedEvent[], cause);
    cause?.addLinks(contexts.slice(0, MAX_LINKS).map((context) => ({ context })));
  } else if (name === 'claim.answered' && facts.reason === 'ASSIGNED') {
    const { taskId, runId, agentId, durationMs } = facts;
    const claim = { taskId, runId, agentId, durationMs } as TracedClaim;
    cause?.addLink({ context: tasks.traceClaim(claim, cause) });
  }
}

function definedOnly(values: Readonly<Record<string, unknown>>): Attributes {
  const known = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(
    known.map(([name, value]) => [name, typeof value === 'number' ? value : String(value)]),
  );
}
