import type { Instrument } from '../kernel/instrument.js';

/** Where traces go. None are made without an endpoint. */
export interface TraceSettings {
  /** Base address of the collector. */
  readonly endpoint: string | undefined;
  /** The whole address, if it is another. */
  readonly tracesEndpoint: string | undefined;
  readonly protocol: 'http/protobuf' | 'http/json';
  readonly serviceName: string | undefined;
  readonly disabled: boolean;
}

/**
 * Makes OpenTelemetry traces of what the instrument follows and tells, if there is somewhere to send them; returns the
 * function that sends the last ones and ends it. Without an endpoint nothing of OpenTelemetry is even loaded.
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
