import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type IdGenerator,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import type { Instrument } from '../kernel/instrument.js';

/** Where spans are sent, and how. */
export interface ExportOptions {
  /** The full address of the collector. */
  readonly url: string;
  readonly protocol: 'http/protobuf' | 'http/json';
  readonly serviceName: string | undefined;
  readonly version: string;
}

/**
 * Creates the provider that makes spans and sends them in batches. The libraries read sampling, headers, limits and
 * batch sizes from the standard `OTEL_*` variables. A collector that is unavailable has no other effect than one
 * warning.
 */
export function createSpanProvider(
  { url, protocol, serviceName, version }: ExportOptions,
  idGenerator: IdGenerator,
  instrument: Instrument,
): BasicTracerProvider {
  const Exporter = protocol === 'http/json' ? JsonExporter : ProtobufExporter;
  const exporter = warnOnce(new Exporter({ url }), instrument);
  const named = serviceName === undefined ? {} : { 'service.name': serviceName };
  return new BasicTracerProvider({
    idGenerator,
    resource: resourceFromAttributes({ 'service.name': 'mission-control', 'service.version': version })
      .merge(detectResources({ detectors: [envDetector] }))
      .merge(resourceFromAttributes(named)),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
}

/** Wraps an exporter: it always reports success, and the instrument emits one warning per outage instead. */
function warnOnce(exporter: SpanExporter, instrument: Instrument): SpanExporter {
  let isFailing = false;
  function note({ code, error }: ExportResult): void {
    const hasFailed = code === ExportResultCode.FAILED;
    if (hasFailed && !isFailing)
      instrument.emit('warn', 'traces.export_failed', 'Traces are lost: the collector does not accept them', {
        error,
      });
    if (!hasFailed && isFailing)
      instrument.emit('info', 'traces.export_recovered', 'The collector accepts traces again');
    isFailing = hasFailed;
  }
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        note(result);
        done({ code: ExportResultCode.SUCCESS });
      }),
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  };
}
