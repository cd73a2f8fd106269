import { type IdGenerator, RandomIdGenerator } from '@opentelemetry/sdk-trace-base';

/** Random ids, but for the next span, which gets those that were chosen for it. */
export interface ChosenIds extends IdGenerator {
  choose(ids: { readonly traceId?: string; readonly spanId: string }): void;
}

export function createChosenIds(): ChosenIds {
  const random = new RandomIdGenerator();
  let chosen: { readonly traceId?: string; readonly spanId?: string } = {};
  return {
    choose(ids) {
      chosen = ids;
    },
    // A span asks for its own id first and, if it has no parent, for its trace's id then.
    generateSpanId() {
      const { spanId, ...rest } = chosen;
      chosen = rest;
      return spanId ?? random.generateSpanId();
    },
    generateTraceId() {
      const { traceId } = chosen;
      chosen = {};
      return traceId ?? random.generateTraceId();
    },
  };
}
