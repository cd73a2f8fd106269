import type { Instrument } from '../kernel/instrument.js';

/** Where traces are sent. Without an endpoint there are no traces. */
export interface TraceSettings {
  /** Base address of the collector. */
  readonly endpoint: string | undefined;
  /** The full address. It takes precedence over the base address. */
  readonly tracesEndpoint: string | undefined;
  readonly protocol: 'http/protobuf' | 'http/json';
  readonly serviceName: string | undefined;
  readonly disabled: boolean;
}

/**
 * Starts OpenTelemetry traces of the instrument's activities and signals, if an endpoint is set. Returns the function
 * that sends the remaining spans and stops. Without an endpoint the OpenTelemetry libraries are not loaded.
 */
export async function startTraces(
  settings: TraceSettings,
  facts: { readonly version: string },
  instrument: Instrument,
): Promise<() => Promise<void>> {
  const { endpoint, tracesEndpoint, disabled, protocol, serviceName } = settings;
  const url =
    tracesEndpoint ?? (endpoint === undefined ? undefined : `${endpoint.replace(/\/+$/, '')}/v1/traces`);
  if (disabled || url === undefined) return async () => undefined;
  const { createTraces } = await import('./traces.js');
  return createTraces({ url, protocol, serviceName, version: facts.version }, instrument);
}
