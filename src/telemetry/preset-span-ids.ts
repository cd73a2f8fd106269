import { type IdGenerator, RandomIdGenerator } from '@opentelemetry/sdk-trace-base';

/** Generates random ids, except for the next span if its ids were preset. */
export interface PresetIds extends IdGenerator {
  /** Sets the ids of the next span. Without a trace id, its trace gets a random one. */
  preset(ids: { readonly traceId?: string; readonly spanId: string }): void;
}

/** Creates a generator without preset ids. */
export function createPresetIds(): PresetIds {
  const random = new RandomIdGenerator();
  let next: { readonly traceId?: string; readonly spanId?: string } = {};
  return {
    preset(ids) {
      next = ids;
    },
    // The SDK requests the span id first, and then the trace id if the span has no parent.
    generateSpanId() {
      const { spanId, ...rest } = next;
      next = rest;
      return spanId ?? random.generateSpanId();
    },
    generateTraceId() {
      const { traceId } = next;
      next = {};
      return traceId ?? random.generateTraceId();
    },
  };
}
