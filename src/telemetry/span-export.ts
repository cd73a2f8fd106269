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

export interface ExportOptions {
  /** The whole address of the collector. */
  readonly url: string;
  readonly protocol: 'http/protobuf' | 'http/json';
  readonly serviceName: string | undefined;
  readonly version: string;
}

/**
 * What makes spans and sends them in batches. Sampling, headers, limits and batch sizes come from the standard `OTEL_*`
 * variables, which the libraries read themselves. A collector that is away disturbs nobody and is told of once.
 */
export function createSpanProvider(
  { url, protocol, serviceName, version }: ExportOptions,
  idGenerator: IdGenerator,
  instrument: Instrument,
): BasicTracerProvider {
  const Exporter = protocol === 'http/json' ? JsonExporter : ProtobufExporter;
  const exporter = complainOnce(new Exporter({ url }), instrument);
  const named = serviceName === undefined ? {} : { 'service.name': serviceName };
  return new BasicTracerProvider({
    idGenerator,
    resource: resourceFromAttributes({ 'service.name': 'mission-control', 'service.version': version })
      .merge(detectResources({ detectors: [envDetector] }))
      .merge(resourceFromAttributes(named)),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
}

/** The same exporter for whoever uses it; what goes wrong is told by the instrument instead, once until it is well. */
function complainOnce(exporter: SpanExporter, instrument: Instrument): SpanExporter {
  let isFailing = false;
  function note({ code, error }: ExportResult): void {
    const hasFailed = code === ExportResultCode.FAILED;
    if (hasFailed && !isFailing)
      instrument.emit('warn', 'traces.export_failed', 'Traces are lost: the collector does not take them', {
        error,
      });
    if (!hasFailed && isFailing)
      instrument.emit('info', 'traces.export_recovered', 'The collector takes traces again');
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
