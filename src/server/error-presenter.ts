import { GraphQLError } from 'graphql';
import type { Instrument } from '../kernel/instrument.js';
import { originOf, refusalIn } from './caller-errors.js';
import { placesOf, protocolError } from './protocol-error.js';

export interface ErrorPresenter {
  /**
   * What a caller may see of an error. Refusals keep their message and have a code; a fault of ours becomes "Internal
   * server error" with the request's id, and is emitted with its cause. The same error is presented once.
   */
  present(error: unknown, requestId: string): GraphQLError;
  /** For where the request's id is out of reach: a fault is masked, and waits to be presented with the id. */
  mask(error: unknown): GraphQLError;
}

export function createErrorPresenter(instrument: Instrument): ErrorPresenter {
  const presented = new WeakSet<object>();
  /** What faults were before they were masked without a request's id. */
  const masked = new WeakMap<GraphQLError, unknown>();

  function remember(error: GraphQLError): GraphQLError {
    presented.add(error);
    return error;
  }

  return {
    present(error, requestId) {
      if (error instanceof GraphQLError) {
        if (presented.has(error)) return error;
        if (masked.has(error)) return remember(presentFault(instrument, masked.get(error), requestId));
      }
      return remember(refusalIn(error) ?? presentFault(instrument, error, requestId));
    },
    mask(error) {
      if (error instanceof GraphQLError && (presented.has(error) || masked.has(error))) return error;
      const refusal = refusalIn(error);
      if (refusal) return remember(refusal);
      const fault = protocolError('INTERNAL_SERVER_ERROR', internalError);
      masked.set(fault, error);
      return fault;
    },
  };
}

const internalError = 'Internal server error';

function presentFault(instrument: Instrument, error: unknown, requestId: string): GraphQLError {
  const places = error instanceof GraphQLError ? placesOf(error) : undefined;
  instrument.emit('error', 'graphql.fault', 'A request met a fault', {
    requestId,
    path: places?.path?.join('.'),
    error: originOf(error),
  });
  return new GraphQLError(internalError, {
    ...places,
    // Yoga's word for "answer with 500 if there is no data at all"; it is not sent.
    extensions: { code: 'INTERNAL_SERVER_ERROR', requestId, unexpected: true },
  });
}
